//! The page in a real browser, where chromedriver and Chromium are installed: `cargo xtask page` runs it there.
//!
//! The client of WebDriver is a few lines of HTTP; the published ones bring two versions of a dozen crates.
#![cfg(feature = "web")]
#![allow(clippy::unwrap_used)] // in functions that tests share

mod webdriver;

use pynq::{Overlay, boards, hwh::Design};
use pynq_live::{Live, follow, web::Page};

use webdriver::{Browser, Driver};

/// Runs `test` on a thread beside a page of `overlay`, whose buttons light its LEDs. Returns nothing where there is no browser.
fn beside(overlay: &Overlay, test: impl FnOnce(&Driver, &str) + Send + 'static) {
    let Some(driver) = Driver::start() else { return };
    let live = Live::new(overlay).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let page = Page::bind(live, ([127, 0, 0, 1], 0).into(), None).await.unwrap();
        let link = page.link();
        let program = tokio::spawn(follow(overlay.clone()));
        let test = tokio::task::spawn_blocking(move || test(&driver, &link));
        let failed = async { test.await.unwrap() };
        page.run(failed).await.unwrap();
        program.abort();
    });
}

fn is_lit(browser: &Browser, led: &str) -> bool {
    browser.script(&format!("return document.getElementById('{led}').dataset.value === '1'")) == true
}

fn served(browser: &Browser, pin: &str) -> u64 {
    let script = format!(
        "const row = [...document.querySelectorAll('#interrupts tr')].find((row) => row.cells[0].textContent === '{pin}');
        return Number(row?.cells[4].textContent) || 0"
    );
    browser.script(&script).as_u64().unwrap()
}

#[test]
fn a_button_pressed_with_the_mouse_lights_its_led_in_two_windows() {
    let overlay = Overlay::simulated_board(&boards::pynq_z2()).unwrap();
    beside(&overlay, |driver, link| {
        let (one, other) = (driver.browser(), driver.browser());
        one.open(link);
        other.open(link);
        for browser in [&one, &other] {
            browser.until("the board", |browser| !browser.script("return document.getElementById('btn1')").is_null());
        }
        let before = served(&one, "btns_gpio/ip2intc_irpt");
        one.mouse_down("#btn1");
        for browser in [&one, &other] {
            browser.until("LED 1", |browser| is_lit(browser, "led1"));
            assert!(!is_lit(browser, "led0"));
        }
        one.until("the interrupt's count", |browser| served(browser, "btns_gpio/ip2intc_irpt") > before);
        one.mouse_up();
        for browser in [&one, &other] {
            browser.until("LED 1 dark", |browser| !is_lit(browser, "led1"));
        }

        // A switch stays where it is, also for a page that is loaded anew.
        one.click("#sw0");
        let is_on = |browser: &Browser| is_lit(browser, "sw0");
        other.until("switch 0", is_on);
        other.open(link);
        other.until("switch 0, again", is_on);

        // By keys alone.
        one.script("document.getElementById('btn3').focus()");
        one.key_down(" ");
        one.until("LED 3", |browser| is_lit(browser, "led3"));
        one.key_up(" ");
        one.until("LED 3 dark", |browser| !is_lit(browser, "led3"));
        one.keep("board");
        assert_eq!(one.complaints(), [""; 0], "the page's own script complains");
    });
}

#[test]
fn hostile_names_are_text() {
    let text = include_str!("../../pynq/boards/zynq-7020.hwh");
    let hostile = text.replace("NAME=\"base\"", "NAME=\"&lt;img src=x onerror=document.title=1&gt;\"");
    assert_ne!(text, hostile, "the design's name has moved");
    let design = Design::parse(&hostile).unwrap();
    let overlay = Overlay::simulated_from_design(design).unwrap();
    beside(&overlay, |driver, link| {
        let browser = driver.browser();
        browser.open(link);
        let title = "return document.getElementById('title').textContent";
        browser.until("the name", |browser| {
            browser.script(title).as_str().is_some_and(|title| title.contains("<img src=x"))
        });
        assert_eq!(browser.script("return document.images.length"), 0);
    });
}
