//! Plots of lines, as `.png` and as `.svg`.

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use crate::Outcome;

/// Okabe and Ito's colours, which the colour-blind can tell apart too. Lines also differ by marks.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x56, 0xb4, 0xe9),
    RGBColor(0x00, 0x00, 0x00),
];

const FONT: &str = "sans-serif";

/// Panels in rows of `columns`, with one legend.
pub(crate) struct Figure {
    pub(crate) title: String,
    pub(crate) columns: usize,
    /// Pixels of a panel.
    pub(crate) size: (u32, u32),
    pub(crate) panels: Vec<Panel>,
}

#[derive(Default)]
pub(crate) struct Panel {
    pub(crate) title: String,
    pub(crate) x_label: String,
    pub(crate) y_label: String,
    pub(crate) scales: [Scale; 2],
    /// The range of y, if it is not that of the lines.
    pub(crate) y_range: Option<[f64; 2]>,
    pub(crate) lines: Vec<Line>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) enum Scale {
    #[default]
    Linear,
    /// Powers of ten.
    Decades,
    /// Powers of two, with their usual names.
    Binary,
}

impl Scale {
    fn place(self, value: f64) -> f64 {
        match self {
            Scale::Linear => value,
            Scale::Decades => value.log10(),
            Scale::Binary => value.log2(),
        }
    }

    fn label(self, place: f64) -> String {
        match self {
            Scale::Linear => {
                let text = format!("{place:.3}");
                let text = text.trim_end_matches('0').trim_end_matches('.');
                if text == "-0" { "0".to_owned() } else { text.to_owned() }
            }
            Scale::Decades if place.fract() == 0.0 => format!("1e{place:.0}"),
            Scale::Decades => format!("{:.1e}", 10f64.powf(place)),
            Scale::Binary => {
                let exponent = place.round() as u32;
                let unit = ["", " Ki", " Mi", " Gi"][exponent as usize / 10];
                format!("{}{unit}", 1u64 << (exponent % 10))
            }
        }
    }
}

pub(crate) struct Line {
    pub(crate) name: String,
    /// The index of its colour and mark.
    pub(crate) style: usize,
    pub(crate) points: Vec<Point>,
    pub(crate) marks: bool,
}

/// A value, with the range of the runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) spread: Option<[f64; 2]>,
}

impl Line {
    pub(crate) fn new(name: impl Into<String>, style: usize, points: Vec<Point>) -> Self {
        Line { name: name.into(), style, points, marks: true }
    }

    /// A line without ranges and without marks.
    pub(crate) fn plain(name: impl Into<String>, style: usize, points: &[(f64, f64)]) -> Self {
        let point = |&(x, y): &(f64, f64)| Point { x, y, spread: None };
        let points = points.iter().map(point).collect();
        Line { marks: false, ..Line::new(name, style, points) }
    }

    fn colour(&self) -> RGBColor {
        COLOURS[self.style % COLOURS.len()]
    }

    fn mark<DB: DrawingBackend, C: Clone + 'static>(&self, at: C) -> DynElement<'static, DB, C> {
        let colour = self.colour();
        match self.style % 4 {
            0 => Circle::new(at, 3, colour.filled()).into_dyn(),
            1 => TriangleMarker::new(at, 4, colour.filled()).into_dyn(),
            2 => Cross::new(at, 3, colour.stroke_width(1)).into_dyn(),
            _ => Circle::new(at, 3, colour.stroke_width(1)).into_dyn(),
        }
    }
}

impl Figure {
    /// Writes `folder/name.png` and `folder/name.svg`.
    pub(crate) fn save(&self, folder: &Path, name: &str) -> Outcome<()> {
        // The font is part of the program, because a machine may have none.
        plotters::style::register_font(FONT, FontStyle::Normal, dejavu::sans::regular())
            .map_err(|_| "the font cannot be read")?;
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        let (width, height) = self.pixels();

        let mut svg = String::new();
        self.draw(&SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area())?;
        write(&folder.join(format!("{name}.svg")), svg.as_bytes())?;

        let mut pixels = vec![0; 3 * width as usize * height as usize];
        self.draw(&BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area())?;
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_compression(png::Compression::High);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&pixels)?;
        writer.finish()?;
        write(&folder.join(format!("{name}.png")), &file)
    }

    fn rows(&self) -> usize {
        self.panels.len().div_ceil(self.columns)
    }

    fn legend(&self) -> Vec<&Line> {
        let mut legend: Vec<&Line> = Vec::new();
        for line in self.panels.iter().flat_map(|panel| &panel.lines) {
            if !legend.iter().any(|known| known.name == line.name) {
                legend.push(line);
            }
        }
        legend
    }

    fn pixels(&self) -> (u32, u32) {
        let (width, height) = self.size;
        (width * self.columns as u32, height * self.rows() as u32 + TITLE + LEGEND)
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Outcome<()>
    where
        DB::ErrorType: 'static,
    {
        area.fill(&WHITE)?;
        let (title, rest) = area.split_vertically(TITLE);
        let centred = |size: i32| {
            use plotters::style::text_anchor::{HPos, Pos, VPos};
            (FONT, size).into_font().into_text_style(area).pos(Pos::new(HPos::Center, VPos::Center))
        };
        let (width, height) = self.pixels();
        title.draw_text(&self.title, &centred(19), (width as i32 / 2, TITLE as i32 / 2))?;
        let (panels, legend) = rest.split_vertically(height - TITLE - LEGEND);
        for (panel, area) in
            self.panels.iter().zip(panels.split_evenly((self.rows(), self.columns)))
        {
            panel.draw(&area)?;
        }
        let lines = self.legend();
        let slot = (width as i32 - 40) / lines.len().max(1) as i32;
        for (index, line) in (0..).zip(lines) {
            let (x, y) = (30 + slot * index, LEGEND as i32 / 2);
            let style = line.colour().stroke_width(2);
            legend.draw(&PathElement::new(vec![(x, y), (x + 26, y)], style))?;
            if line.marks {
                legend.draw(&line.mark((x + 13, y)))?;
            }
            let text = Text::new(line.name.clone(), (x + 34, y - 7), (FONT, 14).into_font());
            legend.draw(&text)?;
        }
        area.present()?;
        Ok(())
    }
}

const TITLE: u32 = 36;
const LEGEND: u32 = 30;

impl Panel {
    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>) -> Outcome<()>
    where
        DB::ErrorType: 'static,
    {
        let points = || self.lines.iter().flat_map(|line| &line.points);
        let ends = |values: &mut dyn Iterator<Item = f64>| {
            let finite = values.filter(|value| value.is_finite());
            let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), value| {
                (a.min(value), b.max(value))
            });
            if low < high { (low, high) } else { (low - 0.5, low + 0.5) }
        };
        let [across, up] = self.scales;
        let (left, right) = ends(&mut points().map(|point| across.place(point.x)));
        let (low, high) = match self.y_range {
            Some([low, high]) => (up.place(low), up.place(high)),
            None => {
                let all = points().flat_map(|point| {
                    let [a, b] = point.spread.unwrap_or([point.y; 2]);
                    [a, b].map(|y| up.place(y))
                });
                let (low, high) = ends(&mut { all });
                (low - 0.04 * (high - low), high + 0.04 * (high - low))
            }
        };
        let small = self.x_label.is_empty();
        let mut chart = ChartBuilder::on(area);
        chart.margin(if small { 6 } else { 12 });
        chart.caption(&self.title, (FONT, if small { 13 } else { 15 }));
        chart.x_label_area_size(if small { 18 } else { 40 });
        chart.y_label_area_size(if small { 26 } else { 62 });
        let mut chart = chart.build_cartesian_2d(left..right, low..high)?;
        let whole = |scale: Scale, low: f64, high: f64, most: usize| {
            // Labels are whole powers only.
            let span = (high - low).ceil() as usize + 1;
            if scale == Scale::Linear { most } else { span.clamp(2, most) }
        };
        chart
            .configure_mesh()
            .x_desc(&self.x_label)
            .y_desc(&self.y_label)
            .x_labels(whole(across, left, right, if small { 5 } else { 9 }))
            .y_labels(whole(up, low, high, if small { 5 } else { 9 }))
            .x_label_formatter(&|place| across.label(*place))
            .y_label_formatter(&|place| up.label(*place))
            .label_style((FONT, if small { 10 } else { 12 }))
            .axis_desc_style((FONT, 13))
            .light_line_style(WHITE)
            .bold_line_style(RGBColor(0xe0, 0xe0, 0xe0))
            .draw()?;
        let inside = |y: f64| up.place(y).clamp(low, high);
        for line in &self.lines {
            let band: Vec<(f64, [f64; 2])> = line
                .points
                .iter()
                .filter_map(|point| Some((across.place(point.x), point.spread?)))
                .collect();
            if !band.is_empty() {
                let above = band.iter().map(|&(x, [_, high])| (x, inside(high)));
                let below = band.iter().rev().map(|&(x, [low, _])| (x, inside(low)));
                let outline: Vec<_> = above.chain(below).collect();
                chart.draw_series([Polygon::new(outline, line.colour().mix(0.15).filled())])?;
            }
        }
        for line in &self.lines {
            // A line ends where it leaves the panel or becomes NaN.
            let mut runs: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
            for point in &line.points {
                let at = (across.place(point.x), up.place(point.y));
                match runs.last_mut() {
                    Some(run) if at.1.is_finite() && (low..=high).contains(&at.1) => run.push(at),
                    _ => runs.push(Vec::new()),
                }
            }
            for run in runs.iter().filter(|run| !run.is_empty()) {
                let style = line.colour().stroke_width(2);
                chart.draw_series(LineSeries::new(run.iter().copied(), style))?;
                if line.marks {
                    chart.draw_series(run.iter().map(|&at| line.mark(at)))?;
                }
            }
        }
        Ok(())
    }
}

fn write(path: &Path, bytes: &[u8]) -> Outcome<()> {
    std::fs::write(path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    println!("wrote     {}", path.display());
    Ok(())
}
