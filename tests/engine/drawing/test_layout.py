"""Panels beside faces: in the frame, over no face, not over each other, and steady."""

from engine.drawing.layout import Area, Placing

PANEL = (100, 80)
FRAME = (640, 360)


def place(placing: Placing, **boxes: Area) -> dict[str, Area | None]:
    cores = {name: Area(b.left + 20, b.top + 20, b.right - 20, b.bottom - 20) for name, b in boxes.items()}
    return placing.place(boxes, cores, PANEL, FRAME, 4)


def test_right_of_the_face_where_there_is_room() -> None:
    assert place(Placing(), a=Area(100, 100, 200, 220)) == {"a": Area(204, 100, 304, 180)}


def test_left_at_the_right_border() -> None:
    assert place(Placing(), a=Area(520, 100, 620, 220)) == {"a": Area(416, 100, 516, 180)}


def test_it_stays_within_the_frame() -> None:
    assert place(Placing(), a=Area(100, 320, 160, 400)) == {"a": Area(164, 280, 264, 360)}


def test_neighbours_and_their_panels_are_not_covered() -> None:
    boxes = {"a": Area(200, 100, 260, 180), "b": Area(270, 100, 330, 180), "c": Area(340, 100, 400, 180)}
    placed = place(Placing(), **boxes)
    panels = [panel for panel in placed.values() if panel is not None]
    assert len(panels) == 3
    for number, panel in enumerate(panels):
        others = [*boxes.values(), *panels[:number], *panels[number + 1 :]]
        assert not any(panel.overlaps(other) for other in others)


def test_a_face_that_fills_the_frame_keeps_its_points_in_sight() -> None:
    box, core = Area(10, 5, 630, 355), Area(150, 60, 500, 300)
    (panel,) = Placing().place({"a": box}, {"a": core}, PANEL, FRAME, 4).values()
    assert panel is not None
    assert not panel.overlaps(core)


def test_without_room_there_is_no_panel() -> None:
    assert place(Placing(), a=Area(0, 0, 640, 360)) == {"a": None}


def test_a_panel_keeps_its_side_while_there_is_room() -> None:
    placing = Placing()
    place(placing, a=Area(520, 100, 620, 220))  # no room at the right: goes left
    moved = place(placing, a=Area(300, 100, 400, 220))["a"]
    assert moved == Area(196, 100, 296, 180)
