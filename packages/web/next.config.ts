import { join } from "node:path";
import type { NextConfig } from "next";

// The content security policy is in proxy.ts, as each answer has its own.
// Imports nothing of ours: where the API serves the page, Next loads this file in a way that finds no .ts beside it.
const repository = join(import.meta.dirname, "../..");

const config: NextConfig = {
  transpilePackages: ["@kangklip/contract"],
  poweredByHeader: false,
  outputFileTracingRoot: repository,
  turbopack: {
    root: repository,
    // all that next-intl's plugin would do, which looks for the file from wherever the process was started
    resolveAlias: { "next-intl/config": "./i18n/request.ts" },
  },
  experimental: { proxyClientMaxBodySize: "16kb" }, // proxy.ts reads no body; what goes to the API does not pass it
  typescript: { ignoreBuildErrors: true }, // `npm run typecheck` checks them; whoever only starts the page need not wait
  headers: async () => [
    {
      source: "/((?!api/|trpc/|artifacts/).*)",
      headers: [
        { key: "X-Content-Type-Options", value: "nosniff" },
        { key: "Referrer-Policy", value: "same-origin" },
      ],
    },
  ],
};

export default config;
