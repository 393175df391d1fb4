<?php
// The insurance service once more, by somebody else: PHP's SoapServer on our WSDL, DOM and OpenSSL.
// Run as `php -S 127.0.0.1:PORT bhxh.php` with GIP_WSDL, GIP_STATE (a folder), GIP_PASSWORD in the environment.

const DSIG = 'http://www.w3.org/2000/09/xmldsig#';

function state(string $name): string
{
    return getenv('GIP_STATE') . '/' . $name;
}

function note(string $name, string $what): void
{
    file_put_contents(state($name), $what . "\n", FILE_APPEND | LOCK_EX);
}

function lines(string $name): array
{
    return file_exists(state($name)) ? file(state($name), FILE_IGNORE_NEW_LINES) : [];
}

class Service
{
    private bool $trusted = false;

    public function Security($header): void
    {
        $token = $header->UsernameToken;
        $password = is_object($token->Password) ? $token->Password->_ : $token->Password;
        $nonce = is_object($token->Nonce) ? $token->Nonce->_ : $token->Nonce;
        $digest = base64_encode(sha1(base64_decode($nonce, true) . $token->Created . getenv('GIP_PASSWORD'), true));
        if (!hash_equals($digest, $password)) {
            throw new SoapFault('wsse:FailedAuthentication', 'wrong user or password');
        }
        $this->trusted = true;
    }

    public function __call(string $operation, array $arguments): array
    {
        if (!$this->trusted) {
            throw new SoapFault('wsse:InvalidSecurity', 'no token');
        }
        $document = new DOMDocument();
        if (!@$document->loadXML($arguments[0]->noiDung)) {
            note('complaints', "$operation: no XML");
            return ['ketQua' => '<KetQua><maKetQua>205</maKetQua></KetQua>'];
        }
        $path = new DOMXPath($document);
        return ['ketQua' => $this->{'on_' . $operation}($document, $path)];
    }

    private function on_guiHoSo(DOMDocument $document, DOMXPath $path): string
    {
        $head = '/Hoso/NoiDung/ThongTinHoSo';
        $form = "$head/ToKhais/FileToKhai";
        $content = $path->evaluate("string($form/NoiDungFile)");
        if ((int)$path->evaluate("string($form/DoDaiFile)") !== strlen($content)) {
            note('complaints', 'DoDaiFile is not the length of the text');
        }
        $inner = new DOMDocument();
        if (!@$inner->loadXML(base64_decode($content, true))) {
            note('complaints', 'the form is no XML');
        }
        if ($problem = $this->signature($document, $path)) {
            note('complaints', $problem);
        }
        note('names', (new DOMXPath($inner))->evaluate('string(/TK1-TS/treEm/hoTen)'));
        if ($problem = $this->signature($inner, new DOMXPath($inner), '/TK1-TS/Cky')) {
            note('complaints', "the form: $problem");
        }
        note('files', $path->evaluate("string($head/MaHoSo)") . '|' . $path->evaluate("string($head/MaGiaoDich)"));
        return '<KetQua><maKetQua>200</maKetQua><ghiChu/><soHoSo>00001/2026/09601</soHoSo></KetQua>';
    }

    private function on_traCuuHoSo(DOMDocument $document, DOMXPath $path): string
    {
        $number = $path->evaluate('string(/YeuCau/maHoSo)');
        $found = array_filter(lines('files'), fn(string $line): bool => str_starts_with($line, "$number|"));
        $shown = implode('', array_map(fn(string $line): string => '<hoSo><maHoSo>' . $number . '</maHoSo><maGiaoDich>'
            . explode('|', $line)[1] . '</maGiaoDich><soHoSo>00001/2026/09601</soHoSo><trangThai>4</trangThai><the>'
            . '<maSoBhxh>9612345678</maSoBhxh><maThe>TE1969612345678</maThe></the></hoSo>', $found));
        return $shown ? "<KetQua><maKetQua>200</maKetQua>$shown</KetQua>" : '<KetQua><maKetQua>404</maKetQua></KetQua>';
    }

    // Enveloped: the whole document in canonical form, but for the signature.
    private function signature(DOMDocument $document, DOMXPath $path, string $place = '/Hoso/CKy_Dvi'): string
    {
        $path->registerNamespace('d', DSIG);
        $node = $path->query("$place/d:Signature")->item(0);
        if (!$node) {
            return 'no signature';
        }
        $said = fn(string $where): string => preg_replace('/\s+/', '', $path->evaluate("string($where)", $node));
        $signed = $path->query('d:SignedInfo', $node)->item(0)->C14N(true, true);
        $pem = "-----BEGIN CERTIFICATE-----\n" . chunk_split($said('d:KeyInfo/d:X509Data/d:X509Certificate'), 64, "\n") . "-----END CERTIFICATE-----\n";
        if (openssl_verify($signed, base64_decode($said('d:SignatureValue')), $pem, OPENSSL_ALGO_SHA256) !== 1) {
            return 'the signature is wrong';
        }
        $digest = $said('d:SignedInfo/d:Reference/d:DigestValue');
        $node->parentNode->removeChild($node);
        $content = $document->documentElement->C14N(false, false);
        return $digest === base64_encode(hash('sha256', $content, true)) ? '' : 'the digest is wrong';
    }
}

$server = new SoapServer(getenv('GIP_WSDL'), ['cache_wsdl' => WSDL_CACHE_NONE, 'soap_version' => SOAP_1_1]);
$server->setObject(new Service());
$server->handle();
