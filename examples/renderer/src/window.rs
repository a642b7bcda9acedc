//! The window: handles events, and draws frames.

use std::sync::Arc;
use std::time::{Duration, Instant};

use winit::application::ApplicationHandler;
use winit::dpi::PhysicalSize;
use winit::event::{ElementState, MouseButton, MouseScrollDelta, WindowEvent};
use winit::event_loop::{ActiveEventLoop, ControlFlow, EventLoop};
use winit::keyboard::{Key, NamedKey};
use winit::window::{Window, WindowId};

use crate::device::{self, Device};
use crate::error::{Error, Result};
use crate::field::Field;
use crate::look::{Look, neighbour, shifted};
use crate::renderer::Renderer;
use crate::screen::Screen;
use crate::view::View;

/// The step by which a key changes a parameter.
const SHIFT: f32 = 0.125;
/// The time between two attempts of a window without a picture, and between two titles.
const PAUSE: Duration = Duration::from_millis(250);

/// Shows the field until the window is closed, or for so many frames.
pub(crate) fn run(field: Field, look: Look, size: [u32; 2], frames: Option<u64>) -> Result<()> {
    let told = |error: winit::error::EventLoopError| Error::Window { reason: error.to_string() };
    let event_loop = EventLoop::new().map_err(told)?;
    let mut app = App { field, look, size, frames, shown: None, error: None };
    event_loop.run_app(&mut app).map_err(told)?;
    if let Some(Shown { renderer, drawn, .. }) = &app.shown {
        println!(
            "frames    {drawn}, the last of {} x {} pixels",
            renderer.size()[0],
            renderer.size()[1]
        );
        match renderer.times() {
            Some(times) => println!("{:<9} {times}", renderer.look().mode.name()),
            None => println!("times     not to be had on this device"),
        }
    }
    app.error.map_or(Ok(()), Err)
}

struct App {
    field: Field,
    look: Look,
    size: [u32; 2],
    frames: Option<u64>,
    /// The state since the window exists.
    shown: Option<Shown>,
    error: Option<Error>,
}

/// A window with its picture.
struct Shown {
    window: Arc<Window>,
    screen: Screen,
    device: Device,
    renderer: Renderer,
    view: View,
    /// Whether the view drifts, and the seconds that it has drifted.
    drifting: bool,
    drifted: f32,
    last: Instant,
    titled: Instant,
    drawn: u64,
    occluded: bool,
    pointer: [f32; 2],
    pressed: bool,
}

impl ApplicationHandler for App {
    fn resumed(&mut self, event_loop: &ActiveEventLoop) {
        if self.shown.is_none() {
            let opened = Shown::open(event_loop, &self.field, self.look, self.size);
            let outcome = opened.map(|shown| self.shown = Some(shown));
            self.note(event_loop, outcome);
        }
    }

    fn window_event(&mut self, event_loop: &ActiveEventLoop, _: WindowId, event: WindowEvent) {
        let Some(shown) = &mut self.shown else { return };
        let outcome = match event {
            WindowEvent::CloseRequested => {
                event_loop.exit();
                Ok(())
            }
            WindowEvent::RedrawRequested => shown.frame(event_loop),
            event => shown.told(event, event_loop),
        };
        if self.frames.is_some_and(|frames| shown.drawn >= frames) {
            event_loop.exit();
        }
        self.note(event_loop, outcome);
    }

    fn about_to_wait(&mut self, event_loop: &ActiveEventLoop) {
        if let (Some(shown), ControlFlow::WaitUntil(due)) = (&self.shown, event_loop.control_flow())
        {
            if Instant::now() >= due {
                event_loop.set_control_flow(ControlFlow::Wait);
                shown.window.request_redraw();
            }
        }
    }
}

impl App {
    fn note(&mut self, event_loop: &ActiveEventLoop, outcome: Result<()>) {
        if let Err(error) = outcome {
            self.error.get_or_insert(error);
            event_loop.exit();
        }
    }
}

impl Shown {
    fn open(
        event_loop: &ActiveEventLoop,
        field: &Field,
        look: Look,
        size: [u32; 2],
    ) -> Result<Self> {
        let told = |reason: &dyn std::fmt::Display| Error::Window { reason: reason.to_string() };
        let attributes = Window::default_attributes()
            .with_title("neural field")
            .with_inner_size(PhysicalSize::new(size[0], size[1]));
        let window = Arc::new(event_loop.create_window(attributes).map_err(|error| told(&error))?);
        let display = Box::new(event_loop.owned_display_handle());
        let descriptor = wgpu::InstanceDescriptor::new_with_display_handle_from_env(display);
        let instance = wgpu::Instance::new(device::descriptor(descriptor));
        let surface = instance.create_surface(window.clone()).map_err(|error| told(&error))?;
        let (device, adapter) = pollster::block_on(Device::open(&instance, Some(&surface)))?;
        let info = &device.info;
        println!("adapter   {} ({:?}, {:?})", info.name, info.backend, info.device_type);
        let inner = window.inner_size();
        let screen =
            Screen::new(instance, &adapter, &device, surface, [inner.width, inner.height])?;
        let size = screen.size().unwrap_or(size);
        let renderer = Renderer::new(&device, field, look, size, screen.format())?;
        window.request_redraw();
        let now = Instant::now();
        let shown = Shown {
            window,
            screen,
            device,
            renderer,
            view: View::default(),
            drifting: true,
            drifted: 0.0,
            last: now,
            titled: now,
            drawn: 0,
            occluded: false,
            pointer: [0.0; 2],
            pressed: false,
        };
        shown.title();
        Ok(shown)
    }

    /// Draws, if there is something to draw into.
    fn frame(&mut self, event_loop: &ActiveEventLoop) -> Result<()> {
        self.device.check()?;
        let Some(size) = self.screen.size().filter(|_| !self.occluded) else { return Ok(()) };
        self.renderer.resize(size)?;
        // Delivers finished mappings, without waiting.
        self.device.poll(wgpu::PollType::Poll)?;
        let Some(texture) = self.screen.acquire(&self.window)? else {
            // It tries again later.
            event_loop.set_control_flow(ControlFlow::WaitUntil(Instant::now() + PAUSE));
            return self.device.check();
        };
        let now = Instant::now();
        if self.drifting {
            self.drifted += (now - self.last).as_secs_f32();
        }
        self.last = now;
        let target = texture.texture.create_view(&wgpu::TextureViewDescriptor::default());
        let descriptor = wgpu::CommandEncoderDescriptor { label: Some("renderer frame") };
        let mut encoder = self.device.device.create_command_encoder(&descriptor);
        self.renderer.record(&mut encoder, self.view.drifted(self.drifted), &target)?;
        self.device.queue.submit([encoder.finish()]);
        self.renderer.submitted();
        self.window.pre_present_notify();
        self.device.queue.present(texture);
        self.drawn += 1;
        if now - self.titled > PAUSE {
            self.titled = now;
            self.title();
        }
        if self.drifting {
            self.window.request_redraw();
        }
        self.device.check()
    }

    fn title(&self) {
        let Look { activation, mode } = self.renderer.look();
        let times = match self.renderer.times() {
            Some(times) => times.to_string(),
            None if self.renderer.is_timed() => "...".to_owned(),
            None => "no timestamps here".to_owned(),
        };
        self.window.set_title(&format!("{activation}, {} - {times}", mode.name()));
    }

    /// Everything but drawing and closing.
    fn told(&mut self, event: WindowEvent, event_loop: &ActiveEventLoop) -> Result<()> {
        let size = self.renderer.size();
        match event {
            WindowEvent::Resized(size) => self.screen.resize([size.width, size.height]),
            WindowEvent::Occluded(occluded) => self.occluded = occluded,
            WindowEvent::MouseInput { state, button: MouseButton::Left, .. } => {
                self.pressed = state == ElementState::Pressed;
                return Ok(());
            }
            WindowEvent::CursorMoved { position, .. } => {
                let at = [position.x as f32, position.y as f32];
                let by = [at[0] - self.pointer[0], at[1] - self.pointer[1]];
                self.pointer = at;
                if !self.pressed {
                    return Ok(());
                }
                self.view.drag(by, size);
            }
            WindowEvent::MouseWheel { delta, .. } => {
                let lines = match delta {
                    MouseScrollDelta::LineDelta(_, lines) => lines,
                    MouseScrollDelta::PixelDelta(pixels) => pixels.y as f32 / 40.0,
                };
                self.view.zoom(0.9f32.powf(lines), self.pointer, size);
            }
            WindowEvent::KeyboardInput { event, .. } if event.state == ElementState::Pressed => {
                self.key(&event.logical_key, event_loop)?;
            }
            _ => return Ok(()),
        }
        self.window.request_redraw();
        Ok(())
    }

    fn key(&mut self, key: &Key, event_loop: &ActiveEventLoop) -> Result<()> {
        let look = self.renderer.look();
        let activation = look.activation;
        let next = match key.as_ref() {
            Key::Named(NamedKey::ArrowRight) => Some(neighbour(activation, 1)),
            Key::Named(NamedKey::ArrowLeft) => Some(neighbour(activation, -1)),
            Key::Named(NamedKey::ArrowUp) => shifted(activation, SHIFT),
            Key::Named(NamedKey::ArrowDown) => shifted(activation, -SHIFT),
            _ => None,
        };
        let look = match key.as_ref() {
            Key::Character("m") => Look { mode: look.mode.other(), ..look },
            _ => Look { activation: next.unwrap_or(activation), ..look },
        };
        if look != self.renderer.look() {
            self.renderer.set_look(look)?;
            self.title();
        }
        let middle = self.renderer.size().map(|side| 0.5 * side as f32);
        match key.as_ref() {
            Key::Character("+" | "=") => self.view.zoom(0.8, middle, self.renderer.size()),
            Key::Character("-") => self.view.zoom(1.25, middle, self.renderer.size()),
            Key::Character("r") => (self.view, self.drifted) = (View::default(), 0.0),
            Key::Named(NamedKey::Space) => {
                self.drifting = !self.drifting;
                self.last = Instant::now();
            }
            Key::Named(NamedKey::Escape) => event_loop.exit(),
            _ => {}
        }
        Ok(())
    }
}
