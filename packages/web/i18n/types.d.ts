import type { Messages as Said } from "../messages/en/index.ts";

declare module "next-intl" {
  interface AppConfig {
    Messages: Said;
  }
}
