export const clips = {};
