"""Fields that common nouns have when a description names none. A data table.

A field is ``name:type``, then ``?`` (optional), ``!`` (unique) or ``=default``. Types: see ``FieldType``.
"""

from __future__ import annotations

from typing import cast

from agents.providers.offline.blueprints.base import EntityField, FieldType

NOUNS: dict[str, str] = {
    "account": "name:text! description:long_text? balance:number=0",
    "address": "street:text city:text postal_code:text country:text",
    "album": "title:text artist:text year:integer? tracks:integer?",
    "appointment": "title:text starts_at:datetime location:text? notes:long_text?",
    "article": "title:text content:long_text author:text? tags:tags? published:boolean=false",
    "artist": "name:text country:text? biography:long_text?",
    "asset": "name:text serial_number:text! location:text? purchased_on:date?",
    "author": "name:text country:text? biography:long_text?",
    "book": "title:text author:text isbn:text? year:integer? description:long_text?",
    "bookmark": "url:url title:text description:long_text? tags:tags?",
    "booking": "customer_name:text date:date guests:integer=1 notes:long_text?",
    "car": "make:text model:text year:integer price:number?",
    "category": "name:text! description:long_text?",
    "choice": "text:text position:integer=0",
    "city": "name:text country:text population:integer?",
    "comment": "author:text text:long_text",
    "company": "name:text! website:url? industry:text? city:text?",
    "contact": "name:text email:email? phone:text? address:long_text? notes:long_text?",
    "course": "title:text description:long_text? teacher:text? starts_on:date?",
    "customer": "name:text email:email! phone:text? address:long_text?",
    "department": "name:text! description:long_text?",
    "device": "name:text serial_number:text! location:text? active:boolean=true",
    "employee": "name:text email:email! position:text? salary:number? hired_on:date?",
    "event": "title:text starts_at:datetime location:text? description:long_text?",
    "exercise": "name:text minutes:integer date:date notes:long_text?",
    "expense": "description:text amount:number category:text date:date",
    "enrollment": "enrolled_on:date grade:text?",
    "feedback": "name:text message:long_text rating:integer?",
    "flight": "number:text origin:text destination:text departs_at:datetime",
    "forecast": (
        "city:text date:date temperature_min_c:number temperature_max_c:number precipitation_mm:number=0 "
        "conditions:text source:text=client"
    ),
    "habit": "name:text description:long_text? active:boolean=true",
    "hotel": "name:text city:text stars:integer? price_per_night:number?",
    "ingredient": "name:text! unit:text?",
    "inventory_item": "name:text sku:text! quantity:integer=0 location:text?",
    "invoice": "number:text! customer_name:text amount:number issued_on:date paid:boolean=false",
    "issue": "title:text description:long_text? status:text=open priority:text=normal",
    "item": "name:text description:long_text? quantity:integer=0 price:number?",
    "job": "title:text company:text location:text? description:long_text? salary:number?",
    "lead": "name:text email:email? company:text? status:text=new",
    "link": "url:url title:text description:long_text?",
    "loan": "borrower:text borrowed_on:date due_date:date returned:boolean=false",
    "measurement": "sensor:text value:number unit:text measured_at:datetime",
    "meeting": "title:text starts_at:datetime location:text? notes:long_text?",
    "member": "name:text email:email! joined_on:date? active:boolean=true",
    "message": "sender:text subject:text? text:long_text read:boolean=false",
    "movie": "title:text director:text? year:integer? genre:text? rating:number?",
    "note": "title:text content:long_text? tags:tags?",
    "observation": (
        "city:text temperature_c:number humidity_percent:integer wind_kph:number conditions:text "
        "observed_at:datetime source:text=client"
    ),
    "order": "number:text! date:date status:text=new total:number=0",
    "owner": "name:text email:email? phone:text?",
    "patient": "name:text birth_date:date phone:text? notes:long_text?",
    "payment": "payer:text amount:number date:date method:text?",
    "person": "name:text email:email? phone:text? birthday:date?",
    "pet": "name:text species:text breed:text? birth_date:date?",
    "place": "name:text city:text latitude:number? longitude:number?",
    "player": "name:text! score:integer=0 team:text?",
    "playlist": "name:text description:long_text?",
    "plant": "name:text species:text? location:text? watered_on:date?",
    "post": "title:text content:long_text tags:tags? published:boolean=false",
    "product": "name:text sku:text! price:number stock:integer=0 category:text? description:long_text?",
    "project": "name:text description:long_text? starts_on:date? due_date:date? status:text=active",
    "property": "address:text city:text price:number rooms:integer? description:long_text?",
    "question": "text:long_text category:text?",
    "quote": "text:long_text author:text? tags:tags?",
    "poll": "title:text closes_on:date?",
    "recipe": "title:text ingredients:tags instructions:long_text servings:integer? minutes:integer? tags:tags?",
    "rental": "starts_on:date ends_on:date? price:number? returned:boolean=false",
    "reservation": "customer_name:text date:date guests:integer=1 notes:long_text?",
    "restaurant": "name:text cuisine:text? city:text? rating:number?",
    "review": "author:text rating:integer text:long_text?",
    "room": "name:text! capacity:integer? location:text?",
    "sale": "product:text quantity:integer price:number date:date",
    "score": "player:text points:integer achieved_at:datetime?",
    "sensor": "name:text! location:text? unit:text? active:boolean=true",
    "snippet": "title:text code:long_text language:text? tags:tags?",
    "song": "title:text artist:text album:text? year:integer? seconds:integer?",
    "student": "name:text email:email! birth_date:date?",
    "subscription": "name:text price:number renews_on:date active:boolean=true",
    "supplier": "name:text email:email? phone:text?",
    "survey": "title:text description:long_text? closes_on:date?",
    "tag": "name:text!",
    "task": "title:text description:long_text? due_date:date? done:boolean=false",
    "teacher": "name:text email:email! subject:text?",
    "team": "name:text! city:text?",
    "ticket": "title:text description:long_text? status:text=open priority:text=normal",
    "todo": "title:text description:long_text? due_date:date? done:boolean=false",
    "transaction": "description:text amount:number date:date category:text?",
    "trip": "title:text destination:text starts_on:date? ends_on:date?",
    "user": "name:text email:email! active:boolean=true",
    "vehicle": "name:text plate:text! year:integer? mileage:integer?",
    "warehouse": "name:text! city:text? capacity:integer?",
    "workout": "name:text date:date minutes:integer notes:long_text?",
}
SAME_AS = {
    "asset_item": "asset",
    "blog": "post",
    "blog_post": "post",
    "chore": "task",
    "client": "customer",
    "film": "movie",
    "inventory": "inventory_item",
    "person_record": "person",
    "reminder": "task",
    "staff": "employee",
    "stock": "inventory_item",
    "stock_item": "inventory_item",
    "track": "song",
    "weather_forecast": "forecast",
    "weather_observation": "observation",
    "weather_reading": "observation",
    "worker": "employee",
}
RENAMED = {
    "blog": "post",
    "inventory": "inventory_item",
    "staff": "employee",
    "stock": "inventory_item",
    "task_item": "task",
    "todo_item": "todo",
    "weather_forecast": "forecast",
    "weather_observation": "observation",
    "weather_reading": "observation",
    "weather": "observation",
}
"""Nouns that name a whole collection or topic, and what one of its members is called."""

PARENTS: dict[str, tuple[str, ...]] = {
    "album": ("artist", "author"),
    "appointment": ("patient", "customer", "doctor"),
    "book": ("author",),
    "booking": ("customer", "room", "hotel", "user"),
    "chapter": ("book", "course"),
    "choice": ("question", "poll"),
    "comment": ("post", "article", "task", "ticket", "issue", "user"),
    "employee": ("department", "company"),
    "enrollment": ("student", "course"),
    "exam": ("course",),
    "expense": ("category", "user"),
    "grade": ("student", "course"),
    "invoice": ("customer", "client"),
    "issue": ("project",),
    "lesson": ("course",),
    "loan": ("book", "member"),
    "measurement": ("sensor", "device"),
    "order": ("customer", "product", "user"),
    "order_item": ("order", "product"),
    "payment": ("invoice", "order", "customer"),
    "pet": ("owner",),
    "player": ("team",),
    "post": ("author", "user", "category"),
    "product": ("category", "supplier"),
    "reading": ("sensor", "device"),
    "rental": ("car", "vehicle", "customer"),
    "question": ("poll", "survey", "quiz"),
    "reservation": ("customer", "room", "restaurant", "book"),
    "review": ("product", "book", "movie", "restaurant", "user"),
    "room": ("hotel",),
    "sale": ("product", "customer"),
    "song": ("album", "artist", "playlist"),
    "student": ("school",),
    "task": ("project", "user"),
    "ticket": ("project", "customer", "event"),
    "transaction": ("account",),
}
"""Which noun belongs to which others, used only when a description names both."""

_OTHER = "name:text description:long_text?"


def known(noun: str) -> bool:
    """Whether the table has fields for this noun."""
    return SAME_AS.get(noun, noun) in NOUNS


def usual_fields(noun: str) -> tuple[EntityField, ...]:
    """The fields of a noun from the table; a name and a description for one that is not in it."""
    return tuple(_field(text) for text in NOUNS.get(SAME_AS.get(noun, noun), _OTHER).split())


def _field(text: str) -> EntityField:
    name, _, rest = text.partition(":")
    rest, _, default = rest.partition("=")
    kind = cast(FieldType, rest.rstrip("?!"))
    return EntityField(
        name=name,
        type=kind,
        required="?" not in rest and not default and kind != "tags",
        default=default or None,
        unique="!" in rest,
    )
