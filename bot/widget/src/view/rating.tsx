// "How was it?", once for each stretch that ended with a hand-back or a closing.
import { useState } from "preact/hooks";
import type { Client } from "../client";
import type { Ended } from "../talk";

const SCORES = [
  [1, "Very bad"],
  [2, "Bad"],
  [3, "All right"],
  [4, "Good"],
  [5, "Very good"],
] as const;

export function Rating({ client, ended, given }: { client: Client; ended: Ended; given: boolean }) {
  const [score, setScore] = useState(0);
  const [comment, setComment] = useState("");
  if (given) {
    return (
      <div class="card rating" role="status">
        <p>Thank you for telling us.</p>
        <div class="ways">
          <button type="button" class="quiet" onClick={() => client.doneRating()}>
            Close
          </button>
        </div>
      </div>
    );
  }
  return (
    <form
      class="card rating"
      onSubmit={(event) => {
        event.preventDefault();
        if (score) client.rate(score, comment.trim());
      }}
    >
      <fieldset>
        <legend>How was the help from {ended.by}?</legend>
        <div class="scores">
          {SCORES.map(([value, name]) => (
            <label class={score === value ? "chosen" : ""}>
              <input type="radio" name="score" value={value} checked={score === value} onChange={() => setScore(value)} />
              <b>{value}</b>
              <span>{name}</span>
            </label>
          ))}
        </div>
      </fieldset>
      {score > 0 && (
        <label>
          Anything you would like to add? <span class="aside">(optional)</span>
          <textarea rows={2} maxLength={1000} dir="auto" value={comment} onInput={(event) => setComment(event.currentTarget.value)} />
        </label>
      )}
      <div class="ways">
        <button type="submit" class="solid" disabled={!score}>
          Send rating
        </button>
        <button type="button" class="quiet" onClick={() => client.doneRating()}>
          Not now
        </button>
      </div>
    </form>
  );
}
