from django.db import migrations

# Where the extension cannot be had (a server without contrib, a role that may not), search still works and reads the
# whole table.
EXTENSION = """
DO $$ BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN
    RAISE NOTICE 'pg_trgm is not there: the search for learners goes without an index';
END $$
"""
# As Django asks: icontains compares upper(name) with upper(text).
INDEXES = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
        CREATE INDEX IF NOT EXISTS learner_name_parts ON analytics_learner USING gin (upper(name) gin_trgm_ops);
        CREATE INDEX IF NOT EXISTS learner_id_parts ON analytics_learner USING gin (upper(external_id) gin_trgm_ops);
    END IF;
END $$
"""


class Migration(migrations.Migration):

    dependencies = [("analytics", "0015_boards")]

    operations = [
        migrations.RunSQL(EXTENSION, migrations.RunSQL.noop),
        migrations.RunSQL(
            INDEXES, "DROP INDEX IF EXISTS learner_name_parts; DROP INDEX IF EXISTS learner_id_parts"
        ),
    ]
