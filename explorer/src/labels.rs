//! The names and places of everything on the screen, as a screen reader gets them.

use eframe::egui;

/// Names and places of all nodes that have both. A slider has its name from another node.
pub(crate) fn labels(update: &egui::accesskit::TreeUpdate) -> Vec<(String, egui::Rect)> {
    let by_others = |node: &egui::accesskit::Node| {
        let other = node.labelled_by().first()?;
        own(&update.nodes.iter().find(|(id, _)| id == other)?.1)
    };
    let nodes = update.nodes.iter().filter_map(|(_, node)| {
        let text = by_others(node).or(own(node))?;
        let place = node.bounds()?;
        let corner = |x: f64, y: f64| egui::pos2(x as f32, y as f32);
        let place =
            egui::Rect::from_min_max(corner(place.x0, place.y0), corner(place.x1, place.y1));
        Some((text, place))
    });
    nodes.collect()
}

fn own(node: &egui::accesskit::Node) -> Option<String> {
    node.label().or(node.value()).map(str::to_owned)
}

/// The name of what has the keyboard's focus.
#[cfg(test)]
pub(crate) fn focus(update: &egui::accesskit::TreeUpdate) -> Option<String> {
    update.nodes.iter().find(|(id, _)| *id == update.focus).and_then(|(_, node)| own(node))
}
