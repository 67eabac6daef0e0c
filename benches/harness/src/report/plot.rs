//! Plots: bars for engines beside each other, lines for growth. Both axes of growth, and times, are logarithmic.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::prelude::*;

use super::Report;
use crate::definition::Model;

const WIDTH: u32 = 900;
/// The width of a letter of a name, roughly.
const NAME_LETTER: i32 = 6;
const COLOURS: [RGBColor; 6] = [
    RGBColor(0x1F, 0x77, 0xB4),
    RGBColor(0xD6, 0x5F, 0x00),
    RGBColor(0x2C, 0xA0, 0x2C),
    RGBColor(0x94, 0x67, 0xBD),
    RGBColor(0x8C, 0x56, 0x4B),
    RGBColor(0x7F, 0x7F, 0x7F),
];

/// Draws a definition's plot; false when there is nothing to draw.
pub(super) fn draw(report: &Report, path: &Path) -> Result<bool> {
    let drawn = match report.definition.model {
        Model::Size | Model::Rules => lines(report, path),
        Model::Throughput | Model::Latency | Model::Threads | Model::Worst => bars(report, path),
    };
    drawn.map_err(|error| anyhow!("{}: {error}", path.display()))
}

/// A bar for each engine and task.
fn bars(report: &Report, path: &Path) -> Result<bool, Box<dyn std::error::Error>> {
    let is_worst = report.definition.model == Model::Worst;
    let mut bars: Vec<(String, f64)> = Vec::new();
    for task in &report.tasks {
        for (measured, figures) in task.figures() {
            let label = if report.tasks.len() > 1 {
                format!("{}, {}", measured.engine, task.label)
            } else {
                measured.engine.clone()
            };
            let worst = || task.worst(figures).map_or(0.0, |(_, ns)| ns);
            bars.push((label, if is_worst { worst() } else { task.per_response(figures) }));
        }
    }
    let Some(range) = range(bars.iter().map(|(_, ns)| *ns)) else { return Ok(false) };
    let root = SVGBackend::new(path, (WIDTH, 80 + 26 * bars.len() as u32)).into_drawing_area();
    root.fill(&WHITE)?;
    let count = bars.len() as f64;
    let names = 24 + NAME_LETTER * bars.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0) as i32;
    let unit = if is_worst { "ns a byte of the worst response" } else { "ns a response" };
    let mut chart = ChartBuilder::on(&root)
        .caption(format!("{}: {unit} (logarithmic)", report.definition.name), ("sans-serif", 16))
        .margin(8)
        .set_label_area_size(LabelAreaPosition::Bottom, 24)
        .margin_left(names)
        .margin_right(70)
        .build_cartesian_2d((range.0..range.1).log_scale(), 0.0..count)?;
    chart.configure_mesh().disable_y_mesh().disable_y_axis().x_label_formatter(&|ns| label(*ns)).draw()?;
    let name = ("sans-serif", 13).into_font().color(&BLACK);
    for (index, (engine, ns)) in bars.iter().enumerate() {
        let top = count - index as f64;
        let is_ours = engine.starts_with("portprint");
        let colour = if is_ours { COLOURS[0] } else { COLOURS[5] };
        chart.draw_series([Rectangle::new([(range.0, top - 0.15), (*ns, top - 0.85)], colour.filled())])?;
        let (x, y) = chart.backend_coord(&(range.0, top - 0.5));
        root.draw(&Text::new(engine.clone(), (x + 12 - names, y - 6), name.clone()))?;
        let (x, y) = chart.backend_coord(&(*ns, top - 0.5));
        root.draw(&Text::new(label(*ns), (x + 5, y - 6), name.clone()))?;
    }
    root.present()?;
    Ok(true)
}

/// A line for each engine.
fn lines(report: &Report, path: &Path) -> Result<bool, Box<dyn std::error::Error>> {
    let is_size = report.definition.model == Model::Size;
    let mut series: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for task in &report.tasks {
        for (measured, figures) in task.figures() {
            let point = if is_size {
                (task.bytes as f64 / task.responses.len().max(1) as f64, task.per_byte(figures))
            } else {
                (task.lines as f64, task.per_response(figures))
            };
            series.entry(&measured.engine).or_default().push(point);
        }
    }
    let points = || series.values().flatten();
    let (Some(across), Some(up)) = (range(points().map(|it| it.0)), range(points().map(|it| it.1))) else {
        return Ok(false);
    };
    let root = SVGBackend::new(path, (WIDTH, 420)).into_drawing_area();
    root.fill(&WHITE)?;
    let (unit, axis) =
        if is_size { ("ns a byte", "bytes of a response") } else { ("ns a response", "lines of the database") };
    let mut chart = ChartBuilder::on(&root)
        .caption(format!("{}: {unit}", report.definition.name), ("sans-serif", 16))
        .margin(10)
        .set_label_area_size(LabelAreaPosition::Bottom, 44)
        .set_label_area_size(LabelAreaPosition::Left, 70)
        .build_cartesian_2d((across.0..across.1).log_scale(), (up.0..up.1).log_scale())?;
    chart
        .configure_mesh()
        .x_desc(axis)
        .y_desc(unit)
        .x_label_formatter(&|value| label(*value))
        .y_label_formatter(&|value| label(*value))
        .draw()?;
    for ((engine, points), colour) in series.into_iter().zip(COLOURS.into_iter().cycle()) {
        chart
            .draw_series(LineSeries::new(points.clone(), colour.stroke_width(2)).point_size(3))?
            .label(engine)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour.stroke_width(2)));
    }
    chart.configure_series_labels().background_style(WHITE).border_style(BLACK).draw()?;
    root.present()?;
    Ok(true)
}

/// Around all values, to the next powers of ten and then some.
fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let values: Vec<f64> = values.filter(|value| *value > 0.0).collect();
    let least = values.iter().copied().reduce(f64::min)?;
    let most = values.iter().copied().reduce(f64::max)?;
    Some((10f64.powf(least.log10().floor()), 10f64.powf(most.log10().ceil()).max(least * 10.0)))
}

fn label(value: f64) -> String {
    match value {
        ..0.1 => format!("{value:.3}"),
        0.1..10.0 => format!("{value:.1}"),
        10.0..1e4 => format!("{value:.0}"),
        1e4..1e6 => format!("{:.0} k", value / 1e3),
        _ => format!("{:.1} M", value / 1e6),
    }
}
