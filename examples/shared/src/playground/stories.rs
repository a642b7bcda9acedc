//! Prepared runs that show one thing each. A seed makes them the same everywhere, and the tests hold their texts to it.

use wgpu_relu::Activation;

use super::sets::Set;
use super::settings::{Initial, Layer, Rule, Settings};
use crate::network::text::Hidden;
use crate::network::watch::Figures;

/// One story: runs beside each other.
#[derive(Debug)]
pub struct Story {
    /// Its name in the text of a view.
    pub name: &'static str,
    pub title: &'static str,
    /// What to see in the end.
    pub text: &'static str,
    pub runs: Vec<Run>,
    /// Steps until the end.
    pub steps: u64,
    /// Whether the figures of the end bear out the text.
    pub holds: fn(&[Figures]) -> bool,
}

/// One network of a story.
#[derive(Debug)]
pub struct Run {
    pub label: &'static str,
    pub settings: Settings,
}

const RELU: Hidden = Hidden::Fixed(Activation::Relu);

/// All stories.
pub fn all() -> Vec<Story> {
    vec![dies(), vanish(), weights(), kink()]
}

fn dead(figures: &Figures) -> usize {
    figures.layers.iter().map(|layer| layer.dead()).sum()
}

/// The gradient of the first layer over that of the last hidden one.
fn reach(figures: &Figures) -> f64 {
    let last = figures.layers.len() - 2;
    figures.layers[0].gradient / figures.layers[last].gradient
}

/// The spread of the last hidden layer over that of the first.
fn kept(figures: &Figures) -> f64 {
    let last = figures.layers.len() - 2;
    figures.layers[last].spread() / figures.layers[0].spread()
}

fn dies() -> Story {
    let base = Settings { set: Set::Circle, rule: Rule::Adam, rate: 0.3, ..Default::default() };
    let run =
        |label, activation| Run { label, settings: base.clone().with_layers(2, 16, activation) };
    Story {
        name: "dies",
        title: "ReLU dies",
        text: "Adam at a rate of 0.3 throws units to where ReLU is 0 for every point, and no gradient brings them back: at \
               least half of the 32 units are dead. Leaky ReLU, PReLU and ELU have a slope below 0: none of their units dies, \
               and each network gets more than 95 % of the points right.",
        runs: vec![
            run("ReLU", RELU),
            run("leaky ReLU", Hidden::Fixed(Activation::LeakyRelu { negative_slope: 0.1 })),
            run("PReLU", Hidden::Prelu),
            run("ELU", Hidden::Fixed(Activation::Elu { alpha: 1.0 })),
        ],
        steps: 200,
        holds: |figures| {
            let healthy = |figures: &Figures| dead(figures) == 0 && figures.score.accuracy > 0.95;
            dead(&figures[0]) >= 16 && figures[1..].iter().all(healthy)
        },
    }
}

fn vanish() -> Story {
    let base = Settings { set: Set::Circle, rule: Rule::Sgd, rate: 0.05, ..Default::default() };
    let run = |label, activation, initial| Run {
        label,
        settings: Settings {
            initial,
            ..base.clone().with_layers(8, 16, Hidden::Fixed(activation))
        },
    };
    Story {
        name: "vanish",
        title: "Sigmoid's gradients vanish",
        text: "Each sigmoid multiplies the gradient by at most 1/4: through eight layers, the first layer's gradient is less \
               than 1/1000 of the last hidden layer's, and the network learns nothing. With ReLU and weights by He, it is \
               more than 1/10, and the network learns.",
        runs: vec![
            run("sigmoid, Xavier", Activation::Sigmoid, Initial::Xavier),
            run("ReLU, He", Activation::Relu, Initial::He),
        ],
        steps: 300,
        holds: |figures| {
            reach(&figures[0]) < 1e-3
                && reach(&figures[1]) > 0.1
                && figures[0].score.accuracy < 0.7
                && figures[1].score.accuracy > 0.9
        },
    }
}

fn weights() -> Story {
    let base = Settings { set: Set::Gaussians, rule: Rule::Sgd, rate: 0.01, ..Default::default() };
    let run = |label, initial| Run {
        label,
        settings: Settings { initial, ..base.clone().with_layers(8, 64, RELU) },
    };
    Story {
        name: "weights",
        title: "Initial weights",
        text: "With weights from N(0, 0.01²), the outputs of the eighth layer spread less than a millionth as far as those of \
               the first, and with Xavier's less than half as far. He's weights make up for the half that ReLU cuts off: the \
               spread stays between half and twice the first layer's.",
        runs: vec![
            run("N(0, 0.01²)", Initial::Small),
            run("Xavier", Initial::Xavier),
            run("He", Initial::He),
        ],
        steps: 0,
        holds: |figures| {
            kept(&figures[0]) < 1e-6
                && kept(&figures[1]) < 0.5
                && (0.5..2.0).contains(&kept(&figures[2]))
        },
    }
}

fn kink() -> Story {
    let base = Settings {
        set: Set::Spiral,
        noise: 0.0,
        rule: Rule::Adam,
        rate: 0.01,
        ..Default::default()
    };
    let layers = |activation| vec![Layer { units: 16, activation }; 2];
    let run = |label, activation| Run {
        label,
        settings: Settings { layers: layers(activation), ..base.clone() },
    };
    Story {
        name: "kink",
        title: "What a kink does",
        text: "ReLU's surface is made of flat pieces with sharp edges, one per unit's kink, and GELU's is round. After 400 \
               steps on the spiral, GELU's loss is less than three quarters of ReLU's.",
        runs: vec![run("ReLU", RELU), run("GELU", Hidden::Fixed(Activation::Gelu))],
        steps: 400,
        holds: |figures| figures[1].score.loss < 0.75 * figures[0].score.loss,
    }
}

#[cfg(test)]
mod tests {
    use wgpu_relu::Gpu;

    use super::super::session::Session;
    use super::*;

    /// The end of a story, without a window.
    fn play(gpu: &Gpu, story: &Story) -> Vec<Figures> {
        let play = |run: &Run| {
            let mut session = Session::new(gpu, run.settings.clone()).unwrap();
            (0..story.steps).for_each(|_| session.step().unwrap());
            session.figures_now().unwrap()
        };
        story.runs.iter().map(play).collect()
    }

    #[test]
    fn every_story_ends_as_its_text_says() {
        let gpu = Gpu::new().unwrap();
        for story in all() {
            let figures = play(&gpu, &story);
            for (run, figures) in story.runs.iter().zip(&figures) {
                let gradients: Vec<_> = figures.layers.iter().map(|layer| layer.gradient).collect();
                let spreads: Vec<_> = figures.layers.iter().map(|layer| layer.spread()).collect();
                println!(
                    "{} {}: {:?} dead {}",
                    story.name,
                    run.label,
                    figures.score,
                    dead(figures)
                );
                println!("    gradients {gradients:?}, spreads {spreads:?}");
            }
            assert!((story.holds)(&figures), "{}", story.title);
        }
    }
}
