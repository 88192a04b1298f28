import type { ShownCause } from "./quality";

/** Who and what is at fault, and what helps, in the server's words. Read aloud once, not with each new amount. */
export function CauseLine({ shown }: { shown: ShownCause | null }) {
  return (
    <>
      <span className="unseen" role="status">{shown === null ? "" : [shown.said, shown.advice ?? ""].join(". ")}</span>
      {shown !== null && (
        <p
          className="call-line cause" data-testid="call-cause" data-kind={shown.cause.kind}
          data-user={shown.cause.userId} data-direction={shown.cause.direction} aria-hidden="true" dir="auto"
        >
          <span>{shown.cause.text}</span>
          {shown.advice !== null && <span className="advice">{shown.advice}</span>}
        </p>
      )}
    </>
  );
}
