/**
 * Where a clip may be cut, for the API that moves cuts there and for the page that shows where they will be (openshorts' word snap, MIT): it
 * begins up to so many seconds before its first word and ends up to so many after its last, and never takes more than half of the silence there.
 */
export const CUT_LEAD_SECONDS = 0.35;
export const CUT_TAIL_SECONDS = 0.45;

/** How long a clip that was edited may be, seconds. */
export const CLIP_SECONDS = { least: 1, most: 180 };
