//! Draws the rates over the sizes: one panel per operation, with the copy as the roof in each.

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;
use testkit::bench::{Operation, Operator};
use wgpu_relu::Activation;

use super::report::{self, Report};
use crate::Outcome;
use crate::adapter::short;

/// Okabe and Ito's colours, which the colour-blind can tell apart too. Black is for the copy.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x56, 0xb4, 0xe9),
    RGBColor(0xf0, 0xe4, 0x42),
];

const WIDTH: u32 = 1500;
const PANEL_HEIGHT: u32 = 540;
const LEGEND_COLUMNS: usize = 4;
const LEGEND_ROW: u32 = 24;
const FONT: &str = "sans-serif";

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Format {
    Svg,
    Png,
}

impl Format {
    pub(super) fn of(path: &Path) -> Outcome<Self> {
        let extension = path.extension().unwrap_or_default().to_ascii_lowercase();
        match extension.to_str() {
            Some("svg") => Ok(Format::Svg),
            Some("png") => Ok(Format::Png),
            _ => Err(format!("{}: a plot's name ends in .svg or .png", path.display()).into()),
        }
    }
}

/// The picture as the contents of a file.
pub(super) fn draw(report: &Report, format: Format) -> Outcome<Vec<u8>> {
    // The font is part of the program, because a machine may have none.
    plotters::style::register_font(FONT, FontStyle::Normal, dejavu::sans::regular())
        .map_err(|_| "the font cannot be read")?;
    let lines = lines(report);
    let size = (WIDTH, PANEL_HEIGHT + legend_height(&lines));
    match format {
        Format::Svg => {
            let mut text = String::new();
            draw_on(&SVGBackend::with_string(&mut text, size).into_drawing_area(), report, &lines)?;
            Ok(text.into_bytes())
        }
        Format::Png => {
            let (width, height) = size;
            let mut pixels = vec![0; 3 * width as usize * height as usize];
            let area = BitMapBackend::with_buffer(&mut pixels, size).into_drawing_area();
            draw_on(&area, report, &lines)?;
            drop(area);
            let mut file = Vec::new();
            let mut encoder = png::Encoder::new(&mut file, width, height);
            encoder.set_color(png::ColorType::Rgb);
            let mut writer = encoder.write_header()?;
            writer.write_image_data(&pixels)?;
            writer.finish()?;
            Ok(file)
        }
    }
}

/// A line, which looks the same in every panel.
struct Line {
    activation: Activation,
    style: ShapeStyle,
    /// The mark, for more lines than colours.
    mark: usize,
}

impl Line {
    fn mark_at<DB: DrawingBackend, C: Clone + 'static>(&self, at: C) -> DynElement<'static, DB, C> {
        let (style, filled) = (self.style, self.style.filled());
        match self.mark % 4 {
            0 => Circle::new(at, 4, filled).into_dyn(),
            1 => TriangleMarker::new(at, 6, filled).into_dyn(),
            2 => Cross::new(at, 5, style).into_dyn(),
            _ => Circle::new(at, 6, style).into_dyn(),
        }
    }
}

fn lines(report: &Report) -> Vec<Line> {
    let activation = |operation| match operation {
        Operation::Operator(activation, Operator::Forward) => Some(activation),
        _ => None,
    };
    let activations = report.operations().into_iter().filter_map(activation);
    let line = |(index, activation): (usize, Activation)| Line {
        activation,
        style: COLOURS[index % COLOURS.len()].stroke_width(2),
        mark: index / COLOURS.len(),
    };
    activations.enumerate().map(line).collect()
}

/// The legend also has an entry for the copy.
fn legend_height(lines: &[Line]) -> u32 {
    LEGEND_ROW * (lines.len() + 1).div_ceil(LEGEND_COLUMNS) as u32
}

type Area<'a, DB> = DrawingArea<DB, Shift>;

fn draw_on<DB: DrawingBackend>(area: &Area<'_, DB>, report: &Report, lines: &[Line]) -> Outcome<()>
where
    DB::ErrorType: 'static,
{
    area.fill(&WHITE)?;
    let title = format!("Bytes per second on {}", report.adapter);
    let area = area.margin(12, 8, 12, 8).titled(&title, (FONT, 24))?;
    let (width, height) = area.dim_in_pixel();
    let (panels, legend) = area.split_vertically(height - legend_height(lines));
    let (left, right) = panels.split_horizontally(width / 3 + 24);
    let (middle, right) = right.split_horizontally((width - width / 3 - 24) / 2);
    for (index, (operator, area)) in
        Operator::ALL.into_iter().zip([left, middle, right]).enumerate()
    {
        panel(&area, report, operator, lines, index == 0)?;
    }
    draw_legend(&legend, lines)?;
    legend.present()?;
    Ok(())
}

fn panel<DB: DrawingBackend>(
    area: &Area<'_, DB>,
    report: &Report,
    operator: Operator,
    lines: &[Line],
    first: bool,
) -> Outcome<()>
where
    DB::ErrorType: 'static,
{
    let elements = report.elements();
    let rates = report.operations().into_iter().flat_map(|operation| {
        elements.iter().filter_map(move |&elements| report.rate(operation, elements))
    });
    let (low, high) =
        rates.fold((f64::MAX, 0.0f64), |(low, high), rate| (low.min(rate), high.max(rate)));
    let (Some(&smallest), Some(&largest)) = (elements.first(), elements.last()) else {
        return Err("there is nothing to draw: no size was measured".into());
    };
    // Logarithmic axes need two different ends.
    let across = smallest as f64 / 1.3..largest as f64 * 1.3;
    let mut chart = ChartBuilder::on(area)
        .caption(operator.name(), (FONT, 20))
        .margin_right(16)
        .x_label_area_size(48)
        .y_label_area_size(if first { 88 } else { 64 })
        .build_cartesian_2d(across.log_scale().base(2.0), (low / 1.3..high * 1.3).log_scale())?;
    chart
        .configure_mesh()
        .x_desc("elements")
        .y_desc(if first { "bytes read and written per second" } else { "" })
        .x_label_formatter(&|elements| report::size(elements.round() as usize))
        .y_label_formatter(&|rate| per_second(*rate))
        .label_style((FONT, 15))
        .axis_desc_style((FONT, 16))
        .light_line_style(RGBColor(0xf0, 0xf0, 0xf0))
        .bold_line_style(RGBColor(0xd0, 0xd0, 0xd0))
        .draw()?;
    let points = |operation: Operation| -> Vec<(f64, f64)> {
        let at = |&elements: &usize| Some((elements as f64, report.rate(operation, elements)?));
        elements.iter().filter_map(at).collect()
    };
    chart.draw_series(LineSeries::new(points(Operation::Copy), BLACK.stroke_width(3)))?;
    for line in lines {
        let points = points(Operation::Operator(line.activation, operator));
        chart.draw_series(LineSeries::new(points.clone(), line.style))?;
        chart.draw_series(points.into_iter().map(|at| line.mark_at(at)))?;
    }
    Ok(())
}

fn draw_legend<DB: DrawingBackend>(area: &Area<'_, DB>, lines: &[Line]) -> Outcome<()>
where
    DB::ErrorType: 'static,
{
    let column = area.dim_in_pixel().0 as usize / LEGEND_COLUMNS;
    let place = |index: usize| {
        let x = 88 + index % LEGEND_COLUMNS * column;
        (x as i32, (LEGEND_ROW as usize * (index / LEGEND_COLUMNS) + 12) as i32)
    };
    let label = |index: usize, style: ShapeStyle, text: String| -> Outcome<()> {
        let (x, y) = place(index);
        area.draw(&PathElement::new(vec![(x, y), (x + 36, y)], style))?;
        area.draw(&Text::new(text, (x + 46, y - 8), (FONT, 16)))?;
        Ok(())
    };
    label(0, BLACK.stroke_width(3), "copy (buffer to buffer)".to_owned())?;
    for (index, line) in (1..).zip(lines) {
        label(index, line.style, short(line.activation))?;
        let (x, y) = place(index);
        area.draw(&line.mark_at((x + 18, y)))?;
    }
    Ok(())
}

/// A rate as text: 10 GB/s.
fn per_second(rate: f64) -> String {
    for (unit, size) in [("TB/s", 1e12), ("GB/s", 1e9), ("MB/s", 1e6), ("kB/s", 1e3)] {
        if rate >= 0.999 * size {
            return format!("{} {unit}", (rate / size * 100.0).round() / 100.0);
        }
    }
    format!("{rate:.0} B/s")
}
