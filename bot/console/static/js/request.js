// Requests to the console itself: with the session's token, and refusals as words.
export class Refused extends Error {
  constructor(reason, message, status) {
    super(message);
    this.reason = reason;
    this.status = status;
  }
}

// The answer's JSON, or null where it has none. Throws Refused for what the server will not do, and
// TypeError where it can't be reached.
export async function post(url, fields = {}) {
  const body = fields instanceof FormData ? fields : new URLSearchParams(fields);
  // Small ones arrive even where the page is left meanwhile; browsers refuse that for larger ones.
  const keepalive = body instanceof URLSearchParams && String(body).length < 60_000;
  return answer(await fetch(url, { method: "POST", body, headers: headers(), keepalive }));
}

export async function get(url) {
  return answer(await fetch(url, { headers: headers() }));
}

export async function getHtml(url) {
  const response = await fetch(url, { headers: { "HX-Request": "true" } });
  if (!response.ok) await answer(response);
  return response.text();
}

function headers() {
  return { Accept: "application/json", "HX-Request": "true", "X-CSRF-Token": document.body.dataset.csrf };
}

async function answer(response) {
  const onward = response.headers.get("HX-Redirect");
  if (onward) {
    document.dispatchEvent(new Event("console:signed-out"));
    location.assign(onward);
    return new Promise(() => {}); // the page is leaving: nobody is to go on with this one
  }
  const isJson = (response.headers.get("Content-Type") ?? "").includes("json");
  const data = isJson ? await response.json() : null;
  if (response.ok) return data;
  const error = data?.error ?? {};
  throw new Refused(error.code ?? "failed", error.message ?? response.statusText, response.status);
}
