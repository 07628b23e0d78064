"""People: who is deleted goes with everything that is theirs."""

from __future__ import annotations

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest

from generations.deleting import delete_user
from generations.errors import LaunchError

admin.site.unregister(get_user_model())


@admin.register(get_user_model())
class PeopleAdmin(UserAdmin):
    """Django's own pages; deleting takes runs, files, vectors and sandboxes along."""

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        """Delete one person, unless nobody could administrate the site afterwards."""
        try:
            delete_user(obj)
        except LaunchError as error:
            self.message_user(request, str(error), messages.ERROR)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Delete several, one after the other."""
        for user in queryset:
            self.delete_model(request, user)
