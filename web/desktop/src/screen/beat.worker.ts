// Says the time to cut a film. A page that is behind others hears its own timers
// late, a worker's on time.
setInterval(() => postMessage(0), 2000);
