//! The rates over the sizes as a picture: a panel for each operation, the copy in each as the roof.

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;
use wgpu_relu::Activation;

use super::report::{self, Report};
use super::run::{Operation, Operator};
use crate::Outcome;
use crate::adapter::short;

/// Okabe and Ito's colours, which can be told apart by the colour-blind too; black is the copy's.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0x00, 0x72, 0xb2),
    RGBColor(0xe6, 0x9f, 0x00),
    RGBColor(0x00, 0x9e, 0x73),
    RGBColor(0xcc, 0x79, 0xa7),
    RGBColor(0xd5, 0x5e, 0x00),
    RGBColor(0x56, 0xb4, 0xe9),
    RGBColor(0xf0, 0xe4, 0x42),
];

const SIZE: (u32, u32) = (1500, 620);
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
    // The font comes along: a machine may have none.
    plotters::style::register_font(FONT, FontStyle::Normal, dejavu::sans::regular())
        .map_err(|_| "the font cannot be read")?;
    let (width, height) = SIZE;
    match format {
        Format::Svg => {
            let mut text = String::new();
            draw_on(&SVGBackend::with_string(&mut text, SIZE).into_drawing_area(), report)?;
            Ok(text.into_bytes())
        }
        Format::Png => {
            let mut pixels = vec![0; 3 * width as usize * height as usize];
            draw_on(&BitMapBackend::with_buffer(&mut pixels, SIZE).into_drawing_area(), report)?;
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

/// A line: how it looks is the same in every panel.
struct Line {
    activation: Activation,
    style: ShapeStyle,
    /// Which mark, where there are more lines than colours.
    mark: usize,
}

type Area<'a, DB> = DrawingArea<DB, Shift>;

fn draw_on<DB: DrawingBackend>(area: &Area<'_, DB>, report: &Report) -> Outcome<()>
where
    DB::ErrorType: 'static,
{
    let mut activations = Vec::new();
    for operation in report.operations() {
        if let Operation::Operator(activation, Operator::Forward) = operation {
            activations.push(activation);
        }
    }
    let lines: Vec<Line> = activations
        .into_iter()
        .enumerate()
        .map(|(index, activation)| Line {
            activation,
            style: COLOURS[index % COLOURS.len()].stroke_width(2),
            mark: index / COLOURS.len(),
        })
        .collect();
    area.fill(&WHITE)?;
    let title = format!("Bytes per second on {}", report.adapter);
    let area = area.margin(12, 8, 12, 8).titled(&title, (FONT, 24))?;
    let rows = (lines.len() + 1).div_ceil(LEGEND_COLUMNS) as u32;
    let (width, height) = area.dim_in_pixel();
    let (panels, legend) = area.split_vertically(height - LEGEND_ROW * rows - 8);
    let (left, right) = panels.split_horizontally(width / 3 + 24);
    let (middle, right) = right.split_horizontally((width - width / 3 - 24) / 2);
    for (index, (operator, area)) in
        Operator::ALL.into_iter().zip([left, middle, right]).enumerate()
    {
        panel(&area, report, operator, &lines, index == 0)?;
    }
    draw_legend(&legend, &lines)?;
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
    // Log axes need a span.
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
        let filled = line.style.filled();
        match line.mark {
            0 => {
                chart.draw_series(points.into_iter().map(|at| Circle::new(at, 4, filled))).map(drop)
            }
            1 => chart
                .draw_series(points.into_iter().map(|at| TriangleMarker::new(at, 6, filled)))
                .map(drop),
            _ => chart
                .draw_series(points.into_iter().map(|at| Cross::new(at, 5, line.style)))
                .map(drop),
        }?;
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
        let (at, filled) = ((x + 18, y), line.style.filled());
        match line.mark {
            0 => area.draw(&Circle::new(at, 4, filled)),
            1 => area.draw(&TriangleMarker::new(at, 6, filled)),
            _ => area.draw(&Cross::new(at, 5, line.style)),
        }?;
    }
    Ok(())
}

/// 10 GB/s and the like.
fn per_second(rate: f64) -> String {
    for (unit, size) in [("TB/s", 1e12), ("GB/s", 1e9), ("MB/s", 1e6), ("kB/s", 1e3)] {
        if rate >= 0.999 * size {
            return format!("{} {unit}", (rate / size * 100.0).round() / 100.0);
        }
    }
    format!("{rate:.0} B/s")
}
