// The faces of a window that have a row, and their order: those in view for the longest time come first.

export const MAX_ROWS = 12; // unless all faces are shown
const SHORT = 60_000; // ms: in a window up to this length, faces in view come before those that left
const LEAD = 2000; // ms that a face needs more to take another's row, so that rows do not flicker

/** Split faces into { first, others }, in the order of their rows; `previous` tracks had a row until now. */
export function rankFaces(faces, range, now, previous) {
  const isShort = range.ended - range.started <= SHORT;
  const ranked = faces.map((face) => {
    const [isInView, presence] = [face.isInView(now), face.presence(range)];
    const weight = presence + (previous.has(face.track) ? LEAD : 0);
    return { face, isInView, presence, leads: isShort && isInView, weight };
  });
  ranked.sort((a, b) => b.leads - a.leads || b.weight - a.weight || a.face.track - b.face.track);
  return { first: inRowOrder(ranked.slice(0, MAX_ROWS)), others: inRowOrder(ranked.slice(MAX_ROWS)) };
}

// Faces in view in the order of their numbers, which does not change; then the others, the longest first.
function inRowOrder(ranked) {
  const inView = ranked.filter(({ isInView }) => isInView).sort((a, b) => a.face.track - b.face.track);
  const left = ranked.filter(({ isInView }) => !isInView).sort((a, b) => b.presence - a.presence);
  return [...inView, ...left].map(({ face }) => face);
}
