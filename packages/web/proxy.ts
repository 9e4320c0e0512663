import { type NextRequest, NextResponse } from "next/server";
import { API_BASE, bucketOrigin } from "./lib/config.ts";
import { contentPolicy } from "./lib/content-policy.ts";

// biome-ignore lint/style/noProcessEnv: Next replaces it while it builds
const developing = process.env.NODE_ENV === "development"; // needs eval and web sockets

/** Gives each answer a policy of its own; Next takes the nonce from the request and puts it on its scripts. */
export function proxy(request: NextRequest): NextResponse {
  if (request.method !== "GET" && request.method !== "HEAD")
    return NextResponse.json(
      { detail: "method not allowed" },
      { status: 405, headers: { allow: "GET, HEAD" } },
    );
  const headers = new Headers(request.headers);
  headers.delete("content-security-policy-report-only"); // Next would take a nonce from it
  const nonce = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64");
  const policy = contentPolicy(
    nonce,
    [API_BASE, bucketOrigin() ?? ""].filter((address) => URL.canParse(address)),
  );
  headers.set("content-security-policy", policy);
  headers.set("x-nonce", nonce); // for the one script that the layout writes itself
  const response = NextResponse.next({ request: { headers } });
  if (!developing) response.headers.set("content-security-policy", policy);
  // whoever has such an address opens what it leads to
  if (/^\/(s|jobs)\//.test(request.nextUrl.pathname))
    response.headers.set("x-robots-tag", "noindex, nofollow");
  return response;
}

/** Pages only. What is handed on to the API must not come through here: Next would keep its body in memory and cut it at 10 MB. */
export const config = { matcher: "/((?!api/|trpc/|artifacts/|_next/).*)" };
