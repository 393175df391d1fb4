// Both peers once more, by somebody else: node's `soap` on our WSDLs, node's crypto, xml-crypto's canonical forms.
// Run as `node node_peer.js tax|insurance PORT WSDL FOLDER PASSWORD` with NODE_PATH; prints "ready". Whatever a request
// must not be is a line of FOLDER/complaints; what was filed is a line of FOLDER/filed.
'use strict';
const crypto = require('crypto');
const fs = require('fs');
const http = require('http');
const path = require('path');
const soap = require('soap');
const { DOMParser } = require('@xmldom/xmldom');
const { C14nCanonicalization } = require('xml-crypto/lib/c14n-canonicalization');
const { ExclusiveCanonicalizationWithComments } = require('xml-crypto/lib/exclusive-canonicalization');

const [kind, port, wsdl, folder, password] = process.argv.slice(2);
const DSIG = 'http://www.w3.org/2000/09/xmldsig#';
const note = (name, what) => fs.appendFileSync(path.join(folder, name), what + '\n');
const lines = name => fs.existsSync(path.join(folder, name)) ? fs.readFileSync(path.join(folder, name), 'utf8').split('\n') : [];
const find = (root, name) => root.getElementsByTagName(name)[0];
const text = (root, name) => find(root, name) ? find(root, name).textContent : '';
const escaped = said => said.replace(/&/g, '&amp;').replace(/</g, '&lt;');
const value = field => typeof field === 'object' ? field.$value : field;

function parsed(content) {
    const wrong = [];
    const errorHandler = { warning: said => wrong.push(said), error: said => wrong.push(said), fatalError: said => wrong.push(said) };
    const document = new DOMParser({ errorHandler }).parseFromString(content, 'text/xml');
    wrong.forEach(said => note('complaints', said));
    return document;
}

// The signature covers what `covered` gives, in canonical form; SignedInfo is exclusive, with comments.
function judged(document, covered) {
    const signature = document.getElementsByTagNameNS(DSIG, 'Signature')[0];
    if (!signature) {
        note('complaints', 'no signature');
        return;
    }
    const said = name => signature.getElementsByTagNameNS(DSIG, name)[0].textContent.replace(/\s/g, '');
    const info = new ExclusiveCanonicalizationWithComments().process(signature.getElementsByTagNameNS(DSIG, 'SignedInfo')[0], {});
    const pem = `-----BEGIN CERTIFICATE-----\n${said('X509Certificate').match(/.{1,64}/g).join('\n')}\n-----END CERTIFICATE-----\n`;
    const right = crypto.createVerify('RSA-SHA256').update(info).verify(pem, Buffer.from(said('SignatureValue'), 'base64'));
    const digest = said('DigestValue');
    signature.parentNode.removeChild(signature);
    const content = covered(document).map(node => new C14nCanonicalization().process(node, {})).join('');
    if (!right) {
        note('complaints', 'the signature is wrong');
    }
    if (crypto.createHash('sha256').update(content, 'utf8').digest('base64') !== digest) {
        note('complaints', 'the digest is wrong');
    }
}

function gip(args) {
    const document = parsed(value(args.in_msg));
    judged(document, data => [find(data, 'HEADER'), find(data, 'BODY')]);
    const slip = `${text(document, 'MA_HS')}|${text(document, 'SO_PHIEU')}`;
    const frame = row => ({
        return: `<DATA><HEADER><TRAN_CODE>05011</TRAN_CODE><MSG_ID>GIP202611250000001</MSG_ID><MSG_REFID>${text(document, 'MSG_ID')}</MSG_REFID>`
            + `<SEND_DATE>11-25-2026</SEND_DATE></HEADER><BODY><ROW>${row}</ROW></BODY><SECURITY/></DATA>`,
    });
    if (text(document, 'MSG_TYPE') === 'TCT_GPC') {
        note('filed', slip);
        if (text(document, 'SO_PHIEU') === 'HONG') {
            throw new Error('uncaught, after the effect');
        }
        if (text(document, 'SO_PHIEU') === 'MOT_HAI') {  // a fault of SOAP 1.2's shape in an envelope of 1.1
            throw { Fault: { Code: { Value: 'soap:Receiver' }, Reason: { Text: 'Từ chối: không thuộc thẩm quyền' } } };
        }
        if (text(document, 'SO_PHIEU') === 'RONG') {  // node writes null as nil, in a prefix that it does not declare
            return { return: null };
        }
        return frame(`<ERROR_CODE>00</ERROR_CODE><TEN>${escaped(text(document, 'HO_TEN'))}</TEN>`);
    }
    return frame(`<MA_KETQUA>${lines('filed').includes(slip) ? 0 : 1}</MA_KETQUA>`);
}

function take(args) {
    const document = parsed(value(args.noiDung));
    judged(document, file => [file.documentElement]);
    const content = text(document, 'NoiDungFile');
    if (text(document, 'DoDaiFile') !== String(content.length)) {
        note('complaints', 'DoDaiFile is not the length of the text');
    }
    note('names', text(find(parsed(Buffer.from(content, 'base64').toString('utf8')), 'treEm'), 'hoTen'));
    note('filed', `${text(document, 'MaHoSo')}|${text(document, 'MaGiaoDich')}`);
    return { ketQua: '<KetQua><maKetQua>200</maKetQua><ghiChu/></KetQua>' };
}

function shown(args) {
    const number = text(parsed(value(args.noiDung)), 'maHoSo');
    const files = lines('filed').filter(line => line.startsWith(`${number}|`)).map(line => `<hoSo><maHoSo>${number}</maHoSo>`
        + `<maGiaoDich>${line.split('|')[1]}</maGiaoDich><soHoSo>00001/2026/09601</soHoSo><trangThai>4</trangThai></hoSo>`);
    return { ketQua: `<KetQua><maKetQua>${files.length ? 200 : 404}</maKetQua>${files.join('')}</KetQua>` };
}

const PEERS = {
    tax: ['/T2B/GIP', { Gip: { GipSoap: { xuLyTruyVanMsg: gip } } }],
    insurance: ['/HoSoService', { HoSoService: { HoSoServiceSoap: { guiHoSo: take, traCuuHoSo: shown } } }],
};
const server = http.createServer((_, answer) => answer.writeHead(404).end());
server.listen(Number(port), '127.0.0.1', () => {
    const [where, services] = PEERS[kind];
    const listening = soap.listen(server, { path: where, services, xml: fs.readFileSync(wsdl, 'utf8') });
    listening.authenticate = security => {
        const token = security && security.UsernameToken;
        if (!token) {
            return false;
        }
        const made = Buffer.concat([Buffer.from(value(token.Nonce), 'base64'), Buffer.from(value(token.Created) + password, 'utf8')]);
        return crypto.createHash('sha1').update(made).digest('base64') === value(token.Password);
    };
    console.log('ready');
});
