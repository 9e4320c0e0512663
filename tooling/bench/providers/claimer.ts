// What the benchmark launches in the worker's place: it claims, and ends. It imports nothing, so that what is measured is the way to it.
const { KK_API_URL, KK_LAUNCH_KEY } = process.env;
await fetch(`${KK_API_URL}/api/worker/claim`, {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ launch_key: KK_LAUNCH_KEY }),
});
