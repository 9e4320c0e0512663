/** Where the API answers; Next writes it into the page when it is built. Empty: the page's own origin. */
export const API_BASE = (process.env.NEXT_PUBLIC_API_BASE ?? "").replace(/\/+$/, "");

/** An address the API gave (absolute, or relative to the API), as this page can open it. */
export const apiUrl = (url: string) => (url.startsWith("/") ? `${API_BASE}${url}` : url);

/** Where the page's server forwards to, read while it runs; undefined where one process serves both. Server only. */
export const apiOrigin = () => process.env.API_ORIGIN || undefined;

/** Where files of people's own are sent, if there is a bucket; read while the page's server runs. Server only. */
export const bucketOrigin = () => process.env.R2_ENDPOINT || undefined;
