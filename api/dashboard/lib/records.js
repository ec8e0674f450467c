// Types of the records that several modules share. They are for editors and readers; nothing runs here.

/** @typedef {{ started: number, ended: number }} TimeRange in ms */

/**
 * @typedef {object} Reading one face in one frame, as the API sends it (docs/messages.schema.json)
 * @property {number} track number of the face
 * @property {number} media_time seconds of the stream or the video
 * @property {string | null} captured_at RFC 3339
 * @property {[number, number, number, number]} box left, top, right, bottom, each 0..1 of the picture
 * @property {Record<string, [number, number]>} keypoints x and y by name, 0..1 of the picture
 * @property {Record<string, number>} smoothed probability of each label
 * @property {string | null} label null where the engine abstained
 * @property {string | null} abstained the reason: small, blurred, turned or unsure
 */

// Coverage of some time of a source, open until the engine has reported it; its kind is in COVERAGE_COLOURS.
/** @typedef {TimeRange & { kind: string, frames: number, isOpen?: boolean }} CoverageSegment */

export {};
