// A course package with as many links of one tool as a test wants: a Common Cartridge in a zip without compression. Knows
// no server.
import { writeFileSync } from "node:fs";

export const LAUNCH_HOST = "tools.acme.example";

const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; ++bit) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});
const crc_of = (bytes) => (bytes.reduce((crc, byte) => (crc >>> 8) ^ CRC[(crc ^ byte) & 0xff], 0xffffffff) ^ -1) >>> 0;

// The fields of an entry that its header and the directory at the end have in common.
const entry_of = (name, bytes) => {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0); // version needed
  fields.writeUInt16LE(0x21, 8); // 1980-01-01
  fields.writeUInt32LE(crc_of(bytes), 10);
  fields.writeUInt32LE(bytes.length, 14);
  fields.writeUInt32LE(bytes.length, 18);
  fields.writeUInt16LE(Buffer.byteLength(name), 22);
  return fields;
};

const zip = (files) => {
  const parts = [];
  const directory = [];
  let at = 0;
  for (const [name, text] of Object.entries(files)) {
    const bytes = Buffer.from(text);
    const fields = entry_of(name, bytes);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(at, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\x00", "latin1"), fields, place, Buffer.from(name));
    const local = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), fields, Buffer.from(name), bytes]);
    parts.push(local);
    at += local.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(Object.keys(files).length, 8);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, listed, end]);
};

const link = (number) => `<?xml version="1.0" encoding="UTF-8"?>
<cartridge_basiclti_link xmlns="http://www.imsglobal.org/xsd/imslticc_v1p0" xmlns:blti="http://www.imsglobal.org/xsd/imsbasiclti_v1p0">
<blti:title>Quiz ${number}</blti:title><blti:launch_url>https://${LAUNCH_HOST}/launch</blti:launch_url>
</cartridge_basiclti_link>`;

const manifest = (title, numbers) => `<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="course" xmlns="http://www.imsglobal.org/xsd/imsccv1p1/imscp_v1p1" xmlns:l="http://ltsc.ieee.org/xsd/imsccv1p1/LOM/manifest">
<metadata><schema>IMS Common Cartridge</schema><schemaversion>1.1.0</schemaversion>
<l:lom><l:general><l:title><l:string>${title}</l:string></l:title></l:general></l:lom></metadata>
<organizations><organization identifier="O" structure="rooted-hierarchy"><item identifier="root">
${numbers.map((n) => `<item identifier="I${n}" identifierref="R${n}"><title>Quiz ${n}</title></item>`).join("\n")}
</item></organization></organizations>
<resources>
${numbers.map((n) => `<resource identifier="R${n}" type="imsbasiclti_xmlv1p0"><file href="quiz${n}.xml"/></resource>`).join("\n")}
</resources></manifest>`;

/** Writes the package; restoring it is one event for the course and one for each link. */
export const write_course = (file, links) => {
  const numbers = Array.from({ length: links }, (_, index) => index + 1);
  const files = { "imsmanifest.xml": manifest(`A course with ${links} quizzes`, numbers) };
  for (const number of numbers) files[`quiz${number}.xml`] = link(number);
  writeFileSync(file, zip(files));
  return file;
};
