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
  const done = (): void => client.doneRating();
  if (given) return <Thanks close={done} />;
  return (
    <form
      class="card rating"
      onSubmit={(event) => {
        event.preventDefault();
        if (score) client.rate(score, comment.trim());
      }}
    >
      <Scores by={ended.by} score={score} choose={setScore} />
      {score > 0 && <Comment text={comment} write={setComment} />}
      <div class="ways">
        <button type="submit" class="solid" disabled={!score}>
          Send rating
        </button>
        <button type="button" class="quiet" onClick={done}>
          Not now
        </button>
      </div>
    </form>
  );
}

function Scores({ by, score, choose }: { by: string; score: number; choose: (score: number) => void }) {
  return (
    <fieldset>
      <legend>How was the help from {by}?</legend>
      <div class="scores">
        {SCORES.map(([value, name]) => (
          <label class={score === value ? "chosen" : ""}>
            <input type="radio" name="score" value={value} checked={score === value} onChange={() => choose(value)} />
            <b>{value}</b>
            <span>{name}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function Comment({ text, write }: { text: string; write: (text: string) => void }) {
  return (
    <label>
      Anything you would like to add? <span class="aside">(optional)</span>
      <textarea rows={2} maxLength={1000} dir="auto" value={text} onInput={(event) => write(event.currentTarget.value)} />
    </label>
  );
}

function Thanks({ close }: { close: () => void }) {
  return (
    <div class="card rating" role="status">
      <p>Thank you for telling us.</p>
      <div class="ways">
        <button type="button" class="quiet" onClick={close}>
          Close
        </button>
      </div>
    </div>
  );
}
