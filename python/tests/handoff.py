# SPDX-License-Identifier: MIT OR Apache-2.0
"""What PYNQ's client needs beside a board: a handoff file that it can read, and a bitstream."""

import struct
import xml.etree.ElementTree as ElementTree


def readable(source, target):
    """Copies a handoff file of the repository the way Vivado writes it, as far as PYNQ is particular about it.

    Its reader takes two inputs on one net for a mistake, for Vivado lists only the driver at each of them. It knows the
    processor by an attribute of its own, and finds blocks by the processor's bus interfaces.
    """
    tree = ElementTree.parse(source)
    modules = list(tree.iter("MODULE"))
    ports = [(module.get("INSTANCE"), port) for module in modules for port in module.iter("PORT")]
    drivers = {(instance, port.get("NAME")) for instance, port in ports if port.get("DIR") == "O"}
    for _, port in ports:
        for connections in port.findall("CONNECTIONS") if port.get("DIR") == "I" else ():
            for connection in list(connections):
                end = connection.get("INSTANCE"), connection.get("PORT")
                if end[0] != "External_Ports" and end not in drivers:
                    connections.remove(connection)
    for module in modules:
        interfaces = module.find("BUSINTERFACES")
        if module.get("MODTYPE") != "processing_system7":
            continue
        module.set("IS_PL", "FALSE")
        if len(interfaces):
            continue
        interface = ElementTree.SubElement(
            interfaces, "BUSINTERFACE", NAME="M_AXI_GP0", TYPE="MASTER", VLNV="xilinx.com:interface:aximm:1.0"
        )
        portmaps = ElementTree.SubElement(interface, "PORTMAPS")
        ElementTree.SubElement(portmaps, "PORTMAP", LOGICAL="ACLK", PHYSICAL="M_AXI_GP0_ACLK")
    tree.write(target, encoding="utf-8", xml_declaration=True)


def bitstream(part, content):
    """A .bit file: a header, the sync word, and what a simulated board takes for the configuration."""

    def field(key, text):
        value = text.encode() + b"\0"
        return key + struct.pack(">H", len(value)) + value

    data = b"\xff" * 32 + bytes.fromhex("aa995566") + content * 16
    header = bytes.fromhex("00090ff00ff00ff00ff0000001")
    fields = field(b"a", "design") + field(b"b", part) + field(b"c", "2026/01/01") + field(b"d", "00:00:00")
    return header + fields + b"e" + struct.pack(">I", len(data)) + data
