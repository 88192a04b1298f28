"""The relational schema, in types that SQLite and PostgreSQL share.

`migrations/versions/` builds it step by step; a test holds that both say the same. Times are milliseconds since 1970.
Columns of later features are added by the migration that brings the feature.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

# Constraints need names, or a later migration can not alter them on every database.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMING)

# SQLite numbers rows by itself only in a column of type INTEGER.
RowNumber = BigInteger().with_variant(Integer(), "sqlite")

users = Table(
    "users",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("lang", Text),
    Column("age", Integer),
    Column("city", Text),
    Column("interests", JSON, nullable=False),
    Column("bio", Text),
    Column("created_ms", BigInteger, nullable=False),
    Column("last_seen_ms", BigInteger, index=True),
)

# `last_seq` is the seq given last and `active_ms` the time of the newest message (before the first one, of the match):
# they stand here so that an append needs no aggregate and a list of matches no join over messages.
matches = Table(
    "matches",
    metadata,
    Column("match_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("seats", Integer, nullable=False),
    Column("score", Float),
    Column("sealed", Boolean, nullable=False),
    Column("context", JSON(none_as_null=True)),
    Column("created_ms", BigInteger, nullable=False),
    Column("idempotency_key", Text, unique=True),
    Column("last_seq", BigInteger, nullable=False),
    Column("active_ms", BigInteger, nullable=False),
)

# No foreign key to `users`: a person may be matched before the profile comes and outlives it in other people's rooms.
match_members = Table(
    "match_members",
    metadata,
    Column("match_id", Text, ForeignKey("matches.match_id"), primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("joined_ms", BigInteger, nullable=False),
    Column("delivered_seq", BigInteger, nullable=False),
    Column("read_seq", BigInteger, nullable=False),
    Index(None, "user_id", "match_id"),
)

# `content` is the text itself, or JSON when `structured`. A tombstone has empty content and `deleted_ms`.
messages = Table(
    "messages",
    metadata,
    Column("message_id", Text, primary_key=True),
    Column("match_id", Text, ForeignKey("matches.match_id"), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("sender_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("structured", Boolean, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Column("client_id", Text),
    Column("reply_to", Text),
    Column("version", Integer, nullable=False),
    Column("edited_ms", BigInteger),
    Column("deleted_ms", BigInteger),
    UniqueConstraint("match_id", "seq"),
)
Index(
    "uq_messages_client_id",
    messages.c.match_id,
    messages.c.sender_id,
    messages.c.client_id,
    unique=True,
    sqlite_where=messages.c.client_id.is_not(None),
    postgresql_where=messages.c.client_id.is_not(None),
)

reactions = Table(
    "reactions",
    metadata,
    Column("reaction_no", RowNumber, primary_key=True, autoincrement=True),
    Column("message_id", Text, ForeignKey("messages.message_id"), nullable=False),
    Column("emoji", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    UniqueConstraint("message_id", "emoji", "user_id"),
)

games = Table(
    "games",
    metadata,
    Column("game_id", Text, primary_key=True),
    Column("match_id", Text, ForeignKey("matches.match_id"), nullable=False),
    Column("game", Text, nullable=False),
    Column("state", JSON, nullable=False),
    Column("turn", Text),
    Column("version", Integer, nullable=False),
    Column("finished", Boolean, nullable=False),
    Column("created_ms", BigInteger, nullable=False),
    Index(None, "match_id", "game"),
)

suggestions = Table(
    "suggestions",
    metadata,
    Column("suggestion_id", Text, primary_key=True),
    Column("match_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("topic_id", Text, nullable=False),
    Column("topic", Text),
    Column("provider", Text, nullable=False),
    Column("lang", Text, nullable=False),
    Column("request_id", Text),
    Column("at_ms", BigInteger, nullable=False),
    Column("used", Boolean),
    Column("rating", Integer),
    UniqueConstraint("match_id", "topic_id"),
)

opening_lines = Table(
    "opening_lines",
    metadata,
    Column("line_no", RowNumber, primary_key=True, autoincrement=True),
    Column("match_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("topic_id", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("topic", Text),
    Column("provider", Text, nullable=False),
    Column("lang", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    UniqueConstraint("match_id", "user_id", "topic_id"),
)

calls = Table(
    "calls",
    metadata,
    Column("call_id", Text, primary_key=True),
    Column("match_id", Text, nullable=False, index=True),
    Column("mode", Text, nullable=False),
    Column("video", Boolean, nullable=False),
    Column("started_ms", BigInteger, nullable=False),
    Column("connected_ms", BigInteger),
    Column("ended_ms", BigInteger),
    Column("reason", Text),
    Column("duration_s", Float, nullable=False),
)

call_people = Table(
    "call_people",
    metadata,
    Column("call_id", Text, ForeignKey("calls.call_id"), primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Index(None, "user_id", "call_id"),
)

# A second a row. No foreign key: a second may be written before the call itself is.
call_seconds = Table(
    "call_seconds",
    metadata,
    Column("call_id", Text, primary_key=True),
    Column("at_ms", BigInteger, primary_key=True),
    Column("data", JSON, nullable=False),
)

# Topics shown in calls. `resumed_after_ms` is null while nobody has spoken within the time that counts.
prompts = Table(
    "prompts",
    metadata,
    Column("prompt_id", Text, primary_key=True),
    Column("call_id", Text, nullable=False, index=True),
    Column("match_id", Text, nullable=False),
    Column("topic_id", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("topic", Text),
    Column("lang", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("silence_ms", Integer, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("resumed_after_ms", Integer),
)

# What each person says of a topic: a row of its own, so that erasing a person takes theirs and leaves the other's.
prompt_ratings = Table(
    "prompt_ratings",
    metadata,
    Column("prompt_id", Text, ForeignKey("prompts.prompt_id"), primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("used", Boolean, nullable=False),
    Column("rating", Integer),
)

__all__ = [
    "call_people",
    "call_seconds",
    "calls",
    "games",
    "match_members",
    "matches",
    "messages",
    "metadata",
    "opening_lines",
    "prompt_ratings",
    "prompts",
    "reactions",
    "suggestions",
    "users",
]
