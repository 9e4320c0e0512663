import { join } from "node:path";
import type { NextConfig } from "next";
import { PHASE_DEVELOPMENT_SERVER } from "next/constants.js";

// Imports nothing of ours: where the API serves the page, Next loads this file in a way that finds no .ts beside it.
// biome-ignore lint/style/noProcessEnv: the build's own configuration; the page reads it through lib/config.ts
const apiBase = process.env.NEXT_PUBLIC_API_BASE ?? "";
const repository = join(import.meta.dirname, "../..");
// Clips may lie in a bucket, so media may come from any https address; what runs or is talked to may not.
const media = `'self' blob: data: https: http://localhost:* http://127.0.0.1:* ${apiBase}`.trim();
const policy = [
  "default-src 'self'",
  // Static pages carry inline scripts of Next's own and cannot carry a nonce. Nothing here writes HTML by hand.
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  `connect-src 'self' ${apiBase}`.trim(),
  `img-src ${media}`,
  `media-src ${media}`,
  "font-src 'self'",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");

export default function config(phase: string): NextConfig {
  const developing = phase === PHASE_DEVELOPMENT_SERVER; // needs eval and web sockets
  return {
    transpilePackages: ["@kangklip/contract"],
    poweredByHeader: false,
    outputFileTracingRoot: repository,
    turbopack: { root: repository },
    typescript: { ignoreBuildErrors: true }, // `npm run typecheck` checks them; whoever only starts the page need not wait
    headers: async () => [
      {
        source: "/((?!api/|trpc/|artifacts/).*)",
        headers: [
          ...(developing ? [] : [{ key: "Content-Security-Policy", value: policy }]),
          { key: "X-Content-Type-Options", value: "nosniff" },
          { key: "Referrer-Policy", value: "same-origin" },
        ],
      },
    ],
  };
}
