/*
 * Programmable logic for QEMU's xilinx-zynq-a9, inserted into hw/arm/xilinx_zynq.c by `cargo xtask linux-test`.
 * The AXI INTC, timer, UARTLite and DMA are QEMU's own models; the AXI GPIO below is ours, from PG144's facts.
 * The first group mirrors the PYNQ-Z2 base overlay, so that its real .hwh describes this board.
 */
#include "qapi/qapi-types-common.h"
#include "hw/qdev-properties.h"

#define TYPE_PL_GPIO "pl.axi-gpio"
OBJECT_DECLARE_SIMPLE_TYPE(PlGpio, PL_GPIO)
struct PlGpio {
    SysBusDevice parent_obj;
    MemoryRegion mmio;
    qemu_irq irq;
    uint32_t width[2], all_outputs, out[2], tri[2], in[2], pins[2], gier, isr, ier;
    bool line;
};

static uint32_t pl_mask(PlGpio *s, int c)
{
    return s->width[c] == 32 ? ~0u : (1u << s->width[c]) - 1;
}

static void pl_gpio_update(PlGpio *s, bool events)
{
    for (int c = 0; c < 2; c++) {
        uint32_t now = s->all_outputs >> c & 1 ? 0 : ((s->in[c] & s->tri[c]) | (s->out[c] & ~s->tri[c])) & pl_mask(s, c);
        if (events && now != s->pins[c]) {
            s->isr |= 1u << c;
        }
        s->pins[c] = now;
    }
    /* QEMU's INTC takes every call with a 1 for an edge, the hardware transitions only */
    bool line = s->gier >> 31 && (s->isr & s->ier);
    if (line != s->line) {
        s->line = line;
        qemu_set_irq(s->irq, line);
    }
}

static uint64_t pl_gpio_read(void *opaque, hwaddr a, unsigned size)
{
    PlGpio *s = opaque;
    int c = a >> 3 & 1;
    switch (a) {
    case 0x000: case 0x008: return s->all_outputs >> c & 1 ? s->out[c] : s->pins[c];
    case 0x004: case 0x00c: return s->tri[c];
    case 0x11c: return s->gier;
    case 0x120: return s->isr;
    case 0x128: return s->ier;
    case 0x8000: case 0x8008: return s->in[c];              /* back door: the outside world */
    case 0x8004: case 0x800c: return s->out[c] & ~s->tri[c];
    default: return 0;
    }
}

static void pl_gpio_write(void *opaque, hwaddr a, uint64_t v, unsigned size)
{
    PlGpio *s = opaque;
    int c = a >> 3 & 1;
    switch (a) {
    case 0x000: case 0x008: s->out[c] = v & pl_mask(s, c); break;
    case 0x004: case 0x00c: s->tri[c] = v & pl_mask(s, c); break;
    case 0x11c: s->gier = v & 0x80000000; break;
    case 0x120: s->isr ^= v & 3; break;                     /* toggle on write */
    case 0x128: s->ier = v & 3; break;
    case 0x8000: case 0x8008: s->in[c] = v & pl_mask(s, c); break;
    default: return;
    }
    pl_gpio_update(s, true);
}

static const MemoryRegionOps pl_gpio_ops = {
    .read = pl_gpio_read, .write = pl_gpio_write, .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 4 },
};

static void pl_gpio_reset(DeviceState *dev)
{
    PlGpio *s = PL_GPIO(dev);
    for (int c = 0; c < 2; c++) {
        s->out[c] = s->in[c] = 0;
        s->tri[c] = s->all_outputs >> c & 1 ? 0 : pl_mask(s, c);
    }
    s->gier = s->isr = s->ier = 0;
    pl_gpio_update(s, false);
}

static void pl_gpio_get(Object *o, Visitor *v, const char *name, void *field, Error **errp)
{
    visit_type_uint32(v, name, (uint32_t *)((char *)o + (intptr_t)field), errp);
}

static void pl_gpio_set(Object *o, Visitor *v, const char *name, void *field, Error **errp)
{
    if (visit_type_uint32(v, name, (uint32_t *)((char *)o + (intptr_t)field), errp)) {
        pl_gpio_update(PL_GPIO(o), true);
    }
}

static void pl_gpio_init(Object *o)
{
    PlGpio *s = PL_GPIO(o);
    memory_region_init_io(&s->mmio, o, &pl_gpio_ops, s, TYPE_PL_GPIO, 0x10000);
    sysbus_init_mmio(SYS_BUS_DEVICE(o), &s->mmio);
    sysbus_init_irq(SYS_BUS_DEVICE(o), &s->irq);
    object_property_add(o, "in1", "uint32", pl_gpio_get, pl_gpio_set, NULL, (void *)offsetof(PlGpio, in[0]));
    object_property_add(o, "in2", "uint32", pl_gpio_get, pl_gpio_set, NULL, (void *)offsetof(PlGpio, in[1]));
    object_property_add(o, "out1", "uint32", pl_gpio_get, NULL, NULL, (void *)offsetof(PlGpio, out[0]));
    object_property_add(o, "out2", "uint32", pl_gpio_get, NULL, NULL, (void *)offsetof(PlGpio, out[1]));
}

static void pl_gpio_class_init(ObjectClass *klass, void *data)
{
    device_class_set_legacy_reset(DEVICE_CLASS(klass), pl_gpio_reset);
}

static const TypeInfo pl_gpio_info = {
    .name = TYPE_PL_GPIO, .parent = TYPE_SYS_BUS_DEVICE, .instance_size = sizeof(PlGpio),
    .instance_init = pl_gpio_init, .class_init = pl_gpio_class_init,
};

static void pl_gpio_register(void)
{
    type_register_static(&pl_gpio_info);
}
type_init(pl_gpio_register)

static DeviceState *pl_place(DeviceState *dev, hwaddr base, qemu_irq out)
{
    sysbus_realize_and_unref(SYS_BUS_DEVICE(dev), &error_fatal);
    sysbus_mmio_map(SYS_BUS_DEVICE(dev), 0, base);
    if (out) {
        sysbus_connect_irq(SYS_BUS_DEVICE(dev), 0, out);
    }
    return dev;
}

static void pl_gpio(const char *name, hwaddr base, int w1, int w2, int all_outputs, qemu_irq out)
{
    DeviceState *dev = qdev_new(TYPE_PL_GPIO);
    PL_GPIO(dev)->width[0] = w1;
    PL_GPIO(dev)->width[1] = w2;
    PL_GPIO(dev)->all_outputs = all_outputs;
    object_property_add_child(qdev_get_machine(), name, OBJECT(dev));
    pl_place(dev, base, out);
}

static DeviceState *pl_intc(hwaddr base, uint32_t edge, qemu_irq out)
{
    DeviceState *dev = qdev_new("xlnx.xps-intc");
    qdev_prop_set_enum(dev, "endianness", ENDIAN_MODE_LITTLE);
    qdev_prop_set_uint32(dev, "kind-of-intr", edge);
    return pl_place(dev, base, out);
}

static void pl_timer(hwaddr base, qemu_irq out)
{
    DeviceState *dev = qdev_new("xlnx.xps-timer");
    qdev_prop_set_enum(dev, "endianness", ENDIAN_MODE_LITTLE);
    qdev_prop_set_uint8(dev, "one-timer-only", 0);
    qdev_prop_set_uint32(dev, "clock-frequency", 100000000);
    pl_place(dev, base, out);
}

static void zynq_pl_init(qemu_irq *pic)
{
    /* as in the PYNQ-Z2 base overlay: every input edge-typed, every source a level */
    DeviceState *sys = pl_intc(0x41800000, 0xffffffff, pic[61 - GIC_INTERNAL]);
    /* a laboratory: mixed kinds, a cascade, a direct line */
    DeviceState *lab = pl_intc(0x41810000, 0x0a, pic[62 - GIC_INTERNAL]);
    DeviceState *child = pl_intc(0x41820000, 0x02, qdev_get_gpio_in(lab, 2));
    DeviceState *dev;
    Object *ds, *cs;

    pl_gpio("switches", 0x41200000, 2, 32, 0, qdev_get_gpio_in(sys, 14));
    pl_gpio("btns", 0x41210000, 4, 32, 0, qdev_get_gpio_in(sys, 13));
    pl_gpio("rgbleds", 0x41240000, 6, 32, 1, NULL);
    pl_gpio("leds", 0x41250000, 4, 32, 1, qdev_get_gpio_in(sys, 8));
    pl_gpio("lab-gpio", 0x41260000, 8, 8, 0, qdev_get_gpio_in(lab, 6));     /* dual, level */

    pl_timer(0x42800000, qdev_get_gpio_in(lab, 0));     /* level */
    pl_timer(0x42810000, qdev_get_gpio_in(lab, 1));     /* level source on an edge input */
    pl_timer(0x42820000, qdev_get_gpio_in(child, 0));   /* level, behind the cascade */
    pl_timer(0x42830000, qdev_get_gpio_in(child, 1));   /* edge, behind the cascade */
    pl_timer(0x42840000, pic[63 - GIC_INTERNAL]);       /* straight to IRQ_F2P[2] */

    dev = qdev_new("xlnx.xps-uartlite");
    qdev_prop_set_enum(dev, "endianness", ENDIAN_MODE_LITTLE);
    qdev_prop_set_chr(dev, "chardev", serial_hd(2));
    pl_place(dev, 0x42c00000, qdev_get_gpio_in(lab, 3)); /* edge */

    /* scatter-gather DMA whose MM2S stream feeds its own S2MM */
    dev = qdev_new("xlnx.axi-dma");
    object_property_add_child(qdev_get_machine(), "pl-dma", OBJECT(dev));
    ds = object_property_get_link(OBJECT(dev), "axistream-connected-target", NULL);
    cs = object_property_get_link(OBJECT(dev), "axistream-control-connected-target", NULL);
    qdev_prop_set_uint32(dev, "freqhz", 100000000);
    object_property_set_link(OBJECT(dev), "axistream-connected", ds, &error_abort);
    object_property_set_link(OBJECT(dev), "axistream-control-connected", cs, &error_abort);
    pl_place(dev, 0x40400000, qdev_get_gpio_in(lab, 4)); /* MM2S */
    sysbus_connect_irq(SYS_BUS_DEVICE(dev), 1, qdev_get_gpio_in(lab, 5)); /* S2MM */
}
