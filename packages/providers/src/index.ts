export * from "./docker/docker.ts";
export { workerUrl } from "./docker/reach.ts";
export * from "./launch.ts";
export * from "./nosana/nosana.ts";
export * from "./process.ts";
export * from "./provider.ts";
