"""Who is where and what they write: matches, presence, chat, games. The lowest domain package."""
