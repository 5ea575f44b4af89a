import { MAX_COMMENT } from "../protocol";
import type { Session } from "../session";
import { h } from "./dom";
import { download } from "./transcript";

/** After the end: satisfaction, transcript, and a new chat. */
export function Ended({ s }: { s: Session }) {
  const { t, talk, survey } = s.model;
  const rate = (e: Event) => {
    e.preventDefault();
    const given = new FormData(e.currentTarget as HTMLFormElement);
    const rating = Number(given.get("rating"));
    if (rating && survey === "open") void s.rate(rating, String(given.get("comment") ?? ""));
  };
  return (
    <div class="ended" role="group" aria-label={t.ended} tabindex="-1">
      <p role="status">
        {t.ended} {survey === "sent" && t.rated}
      </p>
      {s.draft.trim() && <p class="hint">{t.draftKept}</p>}
      {talk?.state?.survey && survey !== "sent" && (
        <form onSubmit={rate}>
          <fieldset>
            <legend>{t.rate}</legend>
            {t.rates.map((label, i) => (
              <label>
                <input type="radio" name="rating" value={i + 1} required />
                <span>
                  <b>{i + 1}</b> {label}
                </span>
              </label>
            ))}
          </fieldset>
          <textarea
            name="comment"
            rows="2"
            maxlength={MAX_COMMENT}
            dir="auto"
            aria-label={t.comment}
            placeholder={t.comment}
          />
          <button class="strong" type="submit" aria-disabled={survey === "sending"}>
            {t.rateSend}
          </button>
        </form>
      )}
      <div class="acts">
        {talk?.state?.transcript && (
          <button type="button" onClick={() => void download(s)}>
            {t.transcript}
          </button>
        )}
        <button type="button" onClick={() => s.again()}>
          {t.again}
        </button>
      </div>
    </div>
  );
}
