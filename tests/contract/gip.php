<?php
// The gateway once more, by somebody else: PHP's SoapServer on our WSDL, DOM and OpenSSL, from reference 1.2d alone.
// Run as `php -S 127.0.0.1:PORT gip.php` with GIP_WSDL, GIP_STATE (a folder), GIP_PASSWORD in the environment.
// Whatever a request must not be is written down in GIP_STATE/complaints; every slip in GIP_STATE/slips.

const FIELDS = ['VERSION', 'SENDER_CODE', 'SENDER_NAME', 'RECEIVER_CODE', 'RECEIVER_NAME', 'TRAN_CODE', 'MSG_ID', 'MSG_REFID',
    'ID_LINK', 'SEND_DATE', 'ORIGINAL_CODE', 'ORIGINAL_NAME', 'ORIGINAL_DATE', 'ERROR_CODE', 'ERROR_DESC', 'SPARE1', 'SPARE2', 'SPARE3'];
const DSIG = 'http://www.w3.org/2000/09/xmldsig#';
const ASKED = ['00001' => ['SO'], '00003' => ['MST'], '00005' => ['MST'], '00046' => ['SO_TKHAI', 'MST'], '00128' => ['MST', 'MA_CQ_THU', 'LOAITHUE']];
const COVERED = 'ancestor-or-self::HEADER or ancestor-or-self::BODY';

function state(string $name): string
{
    return getenv('GIP_STATE') . '/' . $name;
}

function complain(string $what): void
{
    file_put_contents(state('complaints'), $what . "\n", FILE_APPEND | LOCK_EX);
}

function lines(string $name): array
{
    return file_exists(state($name)) ? file(state($name), FILE_IGNORE_NEW_LINES) : [];
}

class Gateway
{
    private bool $trusted = false;

    // PHP calls this for the header of that name; without it mustUnderstand="1" is a fault.
    public function Security($header): void
    {
        $token = $header->UsernameToken;
        $password = is_object($token->Password) ? $token->Password->_ : $token->Password;
        $nonce = is_object($token->Nonce) ? $token->Nonce->_ : $token->Nonce;
        $digest = base64_encode(sha1(base64_decode($nonce, true) . $token->Created . getenv('GIP_PASSWORD'), true));
        if (!hash_equals($digest, $password) || $token->Username !== 'camau') {
            throw new SoapFault('wsse:FailedAuthentication', 'wrong user or password');
        }
        if (in_array($nonce, lines('nonces'), true)) {
            throw new SoapFault('wsse:InvalidSecurityToken', 'replayed');
        }
        file_put_contents(state('nonces'), $nonce . "\n", FILE_APPEND | LOCK_EX);
        $at = DateTimeImmutable::createFromFormat('Y-m-d\TH:i:s.v\Z', $token->Created, new DateTimeZone('UTC'));
        if (!$at || abs($at->getTimestamp() - time()) > 60) {
            complain('Created is ' . $token->Created);
        }
        $this->trusted = true;
    }

    public function xuLyTruyVanMsg($parameters): array
    {
        if (!$this->trusted) {
            throw new SoapFault('wsse:InvalidSecurity', 'no token');
        }
        $document = new DOMDocument();
        if (!@$document->loadXML($parameters->in_msg)) {
            complain('in_msg is no XML');
            throw new SoapFault('Client', 'in_msg');
        }
        $header = $this->header($document);
        $row = (new DOMXPath($document))->query('/DATA/BODY/ROW')->item(0);
        return ['return' => $this->frame($header['MSG_ID'], $this->route($document, $row))];
    }

    private function header(DOMDocument $document): array
    {
        $path = new DOMXPath($document);
        $names = $found = [];
        foreach ($path->query('/DATA/HEADER/*') as $each) {
            $names[] = $each->nodeName;
            $found[$each->nodeName] = $each->textContent;
        }
        if ($names !== FIELDS) {
            complain('HEADER is ' . implode(' ', $names));
        }
        if ($path->query('/DATA/*')->length !== 3 || $path->query('/DATA/BODY/*')->length !== 1) {
            complain('DATA is not HEADER, BODY with one ROW, SECURITY');
        }
        $sent = DateTimeImmutable::createFromFormat('d-M-Y H:i:s', $found['SEND_DATE'], new DateTimeZone('Asia/Ho_Chi_Minh'));
        if (!$sent || abs($sent->getTimestamp() - time()) > 60) {
            complain('SEND_DATE is ' . $found['SEND_DATE']);
        }
        if ($problem = $this->signature($document, $path)) {
            complain($problem);
        }
        return $found;
    }

    // Canonical form, digest and RSA by hand: HEADER and BODY as the XPath transform leaves them.
    private function signature(DOMDocument $document, DOMXPath $path): string
    {
        $path->registerNamespace('d', DSIG);
        $said = fn(string $where): string => preg_replace('/\s+/', '', $path->evaluate("string(/DATA/SECURITY/d:Signature/$where)"));
        if ($path->evaluate('normalize-space(//d:Reference/d:Transforms/d:Transform/d:XPath)') !== COVERED) {
            return 'the signature covers something else';
        }
        $content = '';
        foreach (['HEADER', 'BODY'] as $name) {
            $content .= $path->query("/DATA/$name")->item(0)->C14N(false, false);
        }
        if ($said('d:SignedInfo/d:Reference/d:DigestValue') !== base64_encode(hash('sha256', $content, true))) {
            return 'the digest is wrong';
        }
        $pem = "-----BEGIN CERTIFICATE-----\n" . chunk_split($said('d:KeyInfo/d:X509Data/d:X509Certificate'), 64, "\n") . "-----END CERTIFICATE-----\n";
        $signed = $path->query('/DATA/SECURITY/d:Signature/d:SignedInfo')->item(0)->C14N(true, true);
        $right = openssl_verify($signed, base64_decode($said('d:SignatureValue')), $pem, OPENSSL_ALGO_SHA256);
        return $right === 1 ? '' : 'the signature is wrong';
    }

    private function route(DOMDocument $document, DOMElement $row): string
    {
        $path = new DOMXPath($document);
        $text = fn(string $where): string => $path->evaluate("string($where)", $row);
        $kind = $text('SYSTEM_INFO/MSG_TYPE') ?: $text('TYPE');
        if ($kind === 'TCT_GPC') {
            $key = $text('TT_CHUNG/MA_HS') . '|' . $text('TT_CHUNG/SO_PHIEU');
            file_put_contents(state('slips'), $key . "\n", FILE_APPEND | LOCK_EX);
            if ($text('TT_CHUNG/SO_PHIEU') === 'HONG') {
                throw new RuntimeException('uncaught, after the effect');
            }
            return '<MSG_TYPE>TCT_GPC</MSG_TYPE><SO_PHIEU>' . $text('TT_CHUNG/SO_PHIEU') . '</SO_PHIEU><ERROR_CODE>00</ERROR_CODE><ERROR_DESC/>'
                . '<TEN>' . htmlspecialchars($text('TT_NSD/NSD/HO_TEN'), ENT_XML1) . '</TEN>';
        }
        if ($kind === 'TCT_TVNVTC') {
            $there = in_array($text('MA_HS') . '|' . $text('SO_PHIEU'), lines('slips'), true);
            return '<MA_KETQUA>' . ($there ? '0' : '1') . '</MA_KETQUA><DIEN_GIAI/>';
        }
        if ($kind === '00109') {
            return '<TYPE>00110</TYPE><SOTHUE><TRANGTHAI>01</TRANGTHAI><TONG_TIEN><MA_SO_THUE>' . $text('TRUYVAN/SO') . '</MA_SO_THUE>'
                . '<TT_NNT>9007199254740</TT_NNT><ROW_SOTHUE><MA_HS>' . $text('TRUYVAN/MA_HS') . '</MA_HS><SO_QUYET_DINH>LTB1</SO_QUYET_DINH>'
                . '<NGAY_QUYET_DINH>2026-11-20 00:00:00.0</NGAY_QUYET_DINH><MA_TMUC>2801</MA_TMUC><SO_CON_PHAI_NOP>9007199254740</SO_CON_PHAI_NOP>'
                . '</ROW_SOTHUE></TONG_TIEN></SOTHUE>';
        }
        $asked = [];
        foreach ($path->query('TRUYVAN/*', $row) as $each) {
            $asked[$each->nodeName] = $each->textContent;
        }
        if (isset(ASKED[$kind]) && array_keys($asked) !== ASKED[$kind]) {
            complain("TRUYVAN of $kind is " . implode(' ', array_keys($asked)));
        }
        if (isset(ASKED[$kind]) && $path->evaluate('count(*)', $row) !== 3.0) {
            complain("ROW of $kind holds more than TYPE, NAME and TRUYVAN");
        }
        if ($kind === '00019') {
            return '<TYPE>00019</TYPE><NAME>Kết quả</NAME><DANHMUC><TIEUMUC><MA_TMUC>2801</MA_TMUC><TEN_TMUC>Lệ phí trước bạ</TEN_TMUC></TIEUMUC></DANHMUC>';
        }
        if ($kind === 'TCT_TVHSSC') {
            return '<SYSTEM_INFO><MSG_TYPE>17</MSG_TYPE></SYSTEM_INFO><MA_HS>' . $text('MA_HS') . '</MA_HS><SO_PHIEU>PC-1</SO_PHIEU><MA_KETQUA>0</MA_KETQUA>'
                . '<DIEN_GIAI>Có</DIEN_GIAI><NGAYTRA>2026-11-25</NGAYTRA><NGUOITRA>Chi cục Thuế</NGUOITRA><DS_HOSO><HOSO><MA>S1</MA><TEN>Hợp đồng.pdf</TEN></HOSO></DS_HOSO>';
        }
        if ($path->evaluate('count(CHUNGTU)', $row) === 1.0) {
            $number = $text('CHUNGTU/SO_CHUNGTU');
            if ($path->evaluate('count(CHUNGTU/*)', $row) !== 2.0 || $text('CHUNGTU/MST') === '') {
                complain("CHUNGTU of $kind is not MST and SO_CHUNGTU");
            }
            if ($kind === '00024') {
                file_put_contents(state('cancelled'), $number . "\n", FILE_APPEND | LOCK_EX);
                return "<TYPE>00024</TYPE><SO_CHUNGTU>$number</SO_CHUNGTU><ERROR_CODE>00</ERROR_CODE><ERROR_DESC/>";
            }
            $at = in_array($number, lines('cancelled'), true) ? '2' : '1';
            return "<TYPE>00022</TYPE><CHUNGTU><SO_CHUNGTU>$number</SO_CHUNGTU><SO_TIEN>9007199254740</SO_TIEN>"
                . "<NGAY_NOP>21/04/2026 09:00:00</NGAY_NOP><TRANG_THAI>$at</TRANG_THAI></CHUNGTU>";
        }
        if ($kind === '00003' || $kind === '00001') {
            return "<TYPE>$kind</TYPE><NAME>Kết quả truy vấn</NAME><THONGTIN_NNT><THONGTINCHUNG><ROW_NNT><TRANG_THAI>00</TRANG_THAI>"
                . '<MST>2000000010</MST><TEN_NNT>Đặng Thị Mỹ</TEN_NNT><LOAI_NNT>0210</LOAI_NNT><NGAYCAP_MST/><SO>' . ($asked['SO'] ?? '') . '</SO>'
                . '<CQT_QL>10960</CQT_QL><CAP_CHUONG>3</CAP_CHUONG><CHUONG>757</CHUONG><CHAN_DATE/></ROW_NNT></THONGTINCHUNG>'
                . '<DIACHI><ROW_DIACHI><MOTA_DIACHI>Khóm 3</MOTA_DIACHI><MA_TINH>96TTT</MA_TINH><MA_HUYEN/></ROW_DIACHI></DIACHI></THONGTIN_NNT>';
        }
        if ($kind === '00005' || $kind === '00046' || $kind === '00128') {
            $entry = '<ROW_SOTHUE><MST>' . $asked['MST'] . '</MST><MA_TMUC>2802</MA_TMUC><NO_CUOI_KY>29220000</NO_CUOI_KY><SO_QDINH>11020260003048391</SO_QDINH>'
                . '<NGAY_QDINH>25/02/2026</NGAY_QDINH><LOAI_TIEN>' . ($asked['LOAITHUE'] ?? 'VND') . '</LOAI_TIEN><TI_GIA/><KY_THUE>03/2026</KY_THUE></ROW_SOTHUE>';
            return '<TYPE>' . ($kind === '00046' ? '00047' : $kind) . '</TYPE><NAME>Kết quả truy vấn</NAME><THONGTIN_NNT><THONGTINCHUNG><ROW_NNT><MST>'
                . $asked['MST'] . '</MST><TEN_NNT>Công ty mẫu</TEN_NNT><SO_CMND/></ROW_NNT></THONGTINCHUNG><SOTHUE>' . $entry . $entry . '</SOTHUE></THONGTIN_NNT>';
        }
        if ($kind === 'TCT_TVTBT') {
            return '<SYSTEM_INFO><MSG_TYPE>15</MSG_TYPE></SYSTEM_INFO><MA_HS>' . $text('MA_HS') . '</MA_HS><MA_KETQUA>0</MA_KETQUA><DIEN_GIAI>Có</DIEN_GIAI>'
                . '<NGAYTRA>2026-11-25</NGAYTRA><NGUOITRA>Chi cục Thuế</NGUOITRA><NNT_TEN>Đặng Thị Mỹ</NNT_TEN><NNT_MST>2000000010</NNT_MST>'
                . '<TONG_CON_PNOP>9007199254740</TONG_CON_PNOP><TNCN_SO_THONG_BAO>TB1</TNCN_SO_THONG_BAO><TNCN_NGAY_THONG_BAO>2026-11-20</TNCN_NGAY_THONG_BAO>'
                . '<TNCN_CON_PNOP>9007199254740</TNCN_CON_PNOP><TMD_SO_THONG_BAO/><TMD_CON_PNOP/>';
        }
        throw new SoapFault('Server', 'Hệ thống đang quá tải');
    }

    private function frame(string $asked, string $row): string
    {
        $said = ['VERSION' => '1', 'SENDER_CODE' => 'GIP', 'TRAN_CODE' => '05011', 'MSG_ID' => 'GIP' . date('Ymd') . '0000001',
            'MSG_REFID' => $asked, 'SEND_DATE' => date('m-d-Y')];
        $head = implode('', array_map(fn(string $name): string => "<$name>" . ($said[$name] ?? '') . "</$name>", FIELDS));
        // The two observed answers have no SECURITY at all.
        $end = str_contains($row, '<TYPE>00047<') ? '' : '<SECURITY/>';
        return "<DATA><HEADER>$head</HEADER><BODY><ROW>$row</ROW></BODY>$end</DATA>";
    }
}

$server = new SoapServer(getenv('GIP_WSDL'), ['cache_wsdl' => WSDL_CACHE_NONE, 'soap_version' => SOAP_1_1]);
$server->setClass(Gateway::class);
$server->handle();
