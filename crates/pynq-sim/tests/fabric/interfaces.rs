//! A toy of each kind of interface: two ends that are joined, and what travels between them.

use core::time::Duration;

use pynq_core::Instant;
use pynq_sim::{
    Device, Error, Stimulus,
    device::{
        Burst, Bus, I2c, InterfaceKind, Message, Picture, Port, Serial, SerialCharacter, Spi, Stream, Video, View,
    },
    fabric::FabricBuilder,
    models::{AxiUartLiteModel, UartParams},
};

/// Sends as many bytes as the other side takes, in packets of four.
struct Producer(Vec<u8>);

static SOURCE: [Port; 1] = [Port::interface("M_AXIS", InterfaceKind::Stream)];

impl Device for Producer {
    fn ports(&self) -> &[Port] {
        &SOURCE
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        loop {
            // To the end of the packet, or as far as there is room.
            let length = self.0.len().min(self.0.len().wrapping_sub(1) % 4 + 1).min(bus.room(0));
            if length == 0 {
                return;
            }
            let data: Vec<u8> = self.0.drain(..length).collect();
            let last = self.0.len() % 4 == 0;
            bus.stream(0, Burst { data, last, user: 0 }).expect("there was room");
        }
    }
}

/// Takes so many bytes every millisecond.
struct Consumer {
    each: usize,
    next: Instant,
    grants: bool,
    got: Vec<u8>,
    packets: usize,
}

static SINK: [Port; 1] = [Port::interface("S_AXIS", InterfaceKind::Stream)];

impl Device for Consumer {
    fn ports(&self) -> &[Port] {
        &SINK
    }

    fn receive(&mut self, _: usize, message: Message, _: &mut Bus<'_>) {
        if let Message::Stream(Stream::Burst(burst)) = message {
            self.got.extend(burst.data);
            self.packets += usize::from(burst.last);
        }
    }

    fn tick(&mut self, bus: &mut Bus<'_>) {
        if bus.now() >= self.next {
            self.next = bus.now() + Duration::from_millis(1);
            self.grants = true;
        }
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        if core::mem::take(&mut self.grants) {
            bus.send(0, Message::Stream(Stream::Room(self.each)));
        }
        bus.wake_at(Some(self.next));
    }

    fn view(&self) -> View {
        View::Text(format!("{:?} in {} packets", self.got, self.packets))
    }
}

fn text(view: View) -> String {
    match view {
        View::Text(text) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_stream_flows_as_fast_as_its_receiver_takes_it() {
    let consumer = Consumer { each: 3, next: Instant::from_millis(1), grants: false, got: Vec::new(), packets: 0 };
    let mut fabric = FabricBuilder::new()
        .part("producer", Producer((0..8).collect()))
        .part("consumer", consumer)
        .join("producer/M_AXIS", "consumer/S_AXIS")
        .build()
        .unwrap();
    let mut seen = Vec::new();
    for ms in 0..4 {
        fabric.advance_to(Instant::from_millis(ms));
        seen.push(text(fabric.view("consumer").unwrap()));
    }
    assert_eq!(seen[0], "[] in 0 packets", "no room was granted: TREADY is low");
    assert_eq!(seen[1], "[0, 1, 2] in 0 packets");
    assert_eq!(seen[2], "[0, 1, 2, 3, 4, 5] in 1 packets");
    assert_eq!(seen[3], "[0, 1, 2, 3, 4, 5, 6, 7] in 2 packets");
}

#[test]
fn a_sender_without_room_has_its_burst_back() {
    struct Pushes(bool);
    impl Device for Pushes {
        fn ports(&self) -> &[Port] {
            &SOURCE
        }
        fn drive(&mut self, bus: &mut Bus<'_>) {
            let burst = Burst { data: vec![1, 2], last: true, user: 0 };
            self.0 = bus.stream(0, burst.clone()) == Err(burst);
        }
        fn view(&self) -> View {
            View::Level(self.0)
        }
    }
    let fabric = FabricBuilder::new().part("pushes", Pushes(false)).build().unwrap();
    assert_eq!(fabric.view("pushes"), Ok(View::Level(true)));
}

/// Reads two bytes from address 0x50, and notes what came.
#[derive(Default)]
struct Controller {
    started: bool,
    acks: usize,
    data: Vec<u8>,
}

static SCL: [Port; 1] = [Port::interface("IIC", InterfaceKind::I2c)];

impl Device for Controller {
    fn ports(&self) -> &[Port] {
        &SCL
    }

    fn tick(&mut self, bus: &mut Bus<'_>) {
        if !core::mem::replace(&mut self.started, true) && bus.now() > Instant::START {
            bus.send(0, Message::I2c(I2c::Start { address: 0x50, read: true }));
            bus.send(0, Message::I2c(I2c::Read));
            bus.send(0, Message::I2c(I2c::Ack(true)));
            bus.send(0, Message::I2c(I2c::Read));
            bus.send(0, Message::I2c(I2c::Ack(false)));
            bus.send(0, Message::I2c(I2c::Stop));
        }
    }

    fn receive(&mut self, _: usize, message: Message, _: &mut Bus<'_>) {
        match message {
            Message::I2c(I2c::Ack(true)) => self.acks += 1,
            Message::I2c(I2c::Data(byte)) => self.data.push(byte),
            _ => {}
        }
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        self.started &= bus.now() > Instant::START;
        bus.wake_at((!self.started).then(|| Instant::from_millis(1)));
    }

    fn view(&self) -> View {
        View::Text(format!("{} acks, {:?}", self.acks, self.data))
    }
}

/// A memory that answers at one address.
struct Eeprom {
    address: u8,
    next: u8,
    selected: bool,
}

impl Device for Eeprom {
    fn ports(&self) -> &[Port] {
        &SCL
    }

    fn receive(&mut self, port: usize, message: Message, bus: &mut Bus<'_>) {
        match message {
            Message::I2c(I2c::Start { address, .. }) => {
                self.selected = address == self.address;
                if self.selected {
                    bus.send(port, Message::I2c(I2c::Ack(true)));
                }
            }
            Message::I2c(I2c::Read) if self.selected => {
                bus.send(port, Message::I2c(I2c::Data(self.next)));
                self.next += 1;
            }
            Message::I2c(I2c::Stop) => self.selected = false,
            _ => {}
        }
    }
}

#[test]
fn of_several_i2c_targets_the_addressed_one_answers() {
    let mut fabric = FabricBuilder::new()
        .part("controller", Controller::default())
        .part("other", Eeprom { address: 0x51, next: 0xA0, selected: false })
        .part("eeprom", Eeprom { address: 0x50, next: 7, selected: false })
        .join("controller/IIC", "other/IIC")
        .join("eeprom/IIC", "controller/IIC")
        .build()
        .unwrap();
    fabric.advance_to(Instant::from_millis(1));
    assert_eq!(text(fabric.view("controller").unwrap()), "1 acks, [7, 8]");
}

/// Answers with the word before, as a shift register does.
struct ShiftRegister(u32);

static SPI: [Port; 1] = [Port::interface("SPI", InterfaceKind::Spi)];

impl Device for ShiftRegister {
    fn ports(&self) -> &[Port] {
        &SPI
    }

    fn receive(&mut self, port: usize, message: Message, bus: &mut Bus<'_>) {
        if let Message::Spi(Spi::Shift { data, .. }) = message {
            bus.send(port, Message::Spi(Spi::Answer(core::mem::replace(&mut self.0, data))));
        }
    }
}

/// Records the messages that it receives.
#[derive(Default)]
struct Probe(Vec<u32>);

impl Device for Probe {
    fn ports(&self) -> &[Port] {
        &SPI
    }

    fn receive(&mut self, _: usize, message: Message, _: &mut Bus<'_>) {
        if let Message::Spi(Spi::Answer(word)) = message {
            self.0.push(word);
        }
    }

    fn view(&self) -> View {
        View::Text(format!("{:?}", self.0))
    }
}

#[test]
fn an_spi_target_answers_with_each_word() {
    let mut fabric = FabricBuilder::new()
        .part("register", ShiftRegister(0))
        .part("probe", Probe::default())
        .join("register/SPI", "probe/SPI")
        .build()
        .unwrap();
    for data in [5, 6, 7] {
        let message = Message::Spi(Spi::Shift { data, bits: 8, lanes: 1, mode: 0 });
        fabric.apply(&Stimulus::Message { port: "register/SPI".into(), message }).unwrap();
    }
    assert_eq!(text(fabric.view("probe").unwrap()), "[0, 5, 6]");
}

/// A camera that shows a picture of one brightness, and a monitor.
struct Camera(u8);
struct Monitor(View);

static CABLE: [Port; 1] = [Port::interface("HDMI", InterfaceKind::Video)];

impl Device for Camera {
    fn ports(&self) -> &[Port] {
        &CABLE
    }

    fn tick(&mut self, bus: &mut Bus<'_>) {
        self.0 += 1;
        let data = [self.0; 6].as_slice().into();
        bus.send(0, Message::Video(Video::Picture(Picture { width: 2, height: 1, pixel: 3, data })));
    }

    fn drive(&mut self, bus: &mut Bus<'_>) {
        bus.wake_at(Some(bus.now() + Duration::from_millis(16)));
    }
}

impl Device for Monitor {
    fn ports(&self) -> &[Port] {
        &CABLE
    }

    fn receive(&mut self, _: usize, message: Message, _: &mut Bus<'_>) {
        if let Message::Video(Video::Picture(picture)) = message {
            self.0 = View::Picture(picture);
        }
    }

    fn view(&self) -> View {
        self.0.clone()
    }
}

#[test]
fn a_picture_goes_from_its_source_to_the_screen() {
    let fabric = FabricBuilder::new().part("camera", Camera(0)).part("monitor", Monitor(View::Nothing));
    let mut fabric = fabric.join("camera/HDMI", "monitor/HDMI").build().unwrap();
    assert_eq!(fabric.view("monitor"), Ok(View::Nothing));
    fabric.advance_to(Instant::from_millis(20));
    let View::Picture(picture) = fabric.view("monitor").unwrap() else { panic!("no picture") };
    assert_eq!((picture.width, picture.height, picture.data[5]), (2, 1, picture.data[0]));
}

#[test]
fn what_one_uart_sends_another_receives() {
    let uart = || AxiUartLiteModel::new(UartParams::default());
    let mut fabric = FabricBuilder::new()
        .device("one", 0x1000, 0x1000, uart())
        .device("other", 0x2000, 0x1000, uart())
        .join("one/UART", "other/UART")
        .build()
        .unwrap();
    fabric.write(0x1004, u32::from(b'x')).unwrap();
    assert_eq!(fabric.read(0x2008), Ok(0x04), "it is on its way");
    fabric.advance_to(Instant::from_millis(1));
    assert_eq!(fabric.read(0x2008), Ok(0x05));
    assert_eq!(fabric.read(0x2000), Ok(u32::from(b'x')));
    let character = Message::Serial(Serial::Character(SerialCharacter::new(b'y')));
    fabric.apply(&Stimulus::Message { port: "one/UART".into(), message: character }).unwrap();
    assert_eq!(fabric.read(0x1000), Ok(u32::from(b'y')));
}

#[test]
fn only_ends_of_one_kind_are_joined() {
    let parts = || FabricBuilder::new().part("probe", Probe::default()).part("camera", Camera(0));
    let error = parts().join("probe/SPI", "camera/HDMI").build().unwrap_err();
    assert!(matches!(&error, Error::OtherInterface { port, expected: InterfaceKind::Spi } if port == "camera/HDMI"));
    assert!(error.to_string().contains("two of the same kind"), "{error}");
    assert!(matches!(parts().join("probe/SPI", "camera/none").build(), Err(Error::NoSuchPort { .. })));
}
