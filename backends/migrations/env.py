"""Run by Alembic. The connection comes from `backends.migrate`; its transaction is the caller's."""

from alembic import context

from backends.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite alters a table by making it anew.
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
