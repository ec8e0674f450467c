// Which faces of a window have a row, and in which order: those that were there longest, before the others.

export const ROWS = 12; // unless all are asked for
const SHORT = 60_000; // ms: in a window no longer than this, faces in view come before those that left
const OUSTS = 2000; // ms that a face must be there longer to take another's row: rows are not to flicker

// Splits `faces` into { first, others } for the window `view` { started, ended } at `now`, each in the order of
// their rows. `held` are the tracks that were first until now.
export function rank(faces, view, now, held) {
  const isShort = view.ended - view.started <= SHORT;
  const ranked = faces.map((face) => {
    const [isHere, presence] = [face.isInView(now), face.presence(view)];
    return {
      face,
      isHere,
      presence,
      leads: isShort && isHere,
      weight: presence + (held.has(face.track) ? OUSTS : 0),
    };
  });
  ranked.sort((a, b) => b.leads - a.leads || b.weight - a.weight || a.face.track - b.face.track);
  return { first: inOrder(ranked.slice(0, ROWS)), others: inOrder(ranked.slice(ROWS)) };
}

// Those in view in the order in which they came, which does not change; then those that left, the longest first.
function inOrder(ranked) {
  const here = ranked.filter(({ isHere }) => isHere).sort((a, b) => a.face.track - b.face.track);
  const left = ranked.filter(({ isHere }) => !isHere).sort((a, b) => b.presence - a.presence);
  return [...here, ...left].map(({ face }) => face);
}
