/** Does one thing at a time. Of what is wished while one is on its way, the last is done after it, if it is another. */
export function inTurn<Wish>(act: (wish: Wish) => Promise<void>): (wish: Wish) => Promise<void> {
  let doing: { wish: Wish } | undefined;
  let next: { wish: Wish } | undefined;
  return async function want(wish: Wish): Promise<void> {
    if (doing) {
      next = wish === doing.wish ? undefined : { wish };
      return;
    }
    doing = { wish };
    try {
      await act(wish);
    } finally {
      doing = undefined;
      const then = next;
      next = undefined;
      if (then) void want(then.wish);
    }
  };
}
