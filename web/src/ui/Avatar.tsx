/** The first letter of a name on one of eight colours that follows from the user id. */

function hue(userId: string): number {
  let sum = 0;
  for (const char of userId) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) % 9973;
  return sum % 8;
}

export function Avatar({ userId, name, online }: { userId: string; name: string; online?: boolean }) {
  const [first = "?"] = name.trim() || userId;
  return (
    <span className={`avatar hue-${hue(userId)}`} aria-hidden="true">
      {first.toUpperCase()}
      {online !== undefined && <span className={online ? "dot on" : "dot"} />}
    </span>
  );
}
