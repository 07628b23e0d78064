PYTHON ?= python3

.PHONY: install run test lint format demo
install run test lint format demo:
	@$(PYTHON) manage.py $@
