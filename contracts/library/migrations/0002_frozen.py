"""A version of a recipe never changes."""

from django.db import migrations

from kernel.frozen import freeze


class Migration(migrations.Migration):
    dependencies = [("library", "0001_initial")]
    operations = [freeze("library_recipeversion", ["recipe_id", "number", "steps", "hash", "note"])]
