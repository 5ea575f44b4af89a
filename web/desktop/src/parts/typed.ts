/** What was saved, with what was typed while it was on its way: that is the reader's and not yet saved. */
export function typedSince<Form extends object>(now: Form, sent: Form, saved: Form): Form {
  const kept = { ...saved };
  for (const field of Object.keys(now) as (keyof Form)[])
    if (JSON.stringify(now[field]) !== JSON.stringify(sent[field])) kept[field] = now[field];
  return kept;
}
