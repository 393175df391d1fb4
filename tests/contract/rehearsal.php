<?php
// Two peers of other suppliers, on their own WSDLs (rehearsal/*.wsdl): other operations, other elements inside, one more field
// each way. Run as `php -S 127.0.0.1:PORT rehearsal.php` with GIP_WSDL, GIP_STATE (a folder), GIP_PASSWORD.

function note(string $name, string $what): void
{
    file_put_contents(getenv('GIP_STATE') . "/$name", $what . "\n", FILE_APPEND | LOCK_EX);
}

function lines(string $name): array
{
    $file = getenv('GIP_STATE') . "/$name";
    return file_exists($file) ? file($file, FILE_IGNORE_NEW_LINES) : [];
}

class Peers
{
    private bool $trusted = false;

    public function Security($header): void
    {
        $token = $header->UsernameToken;
        $text = fn($field) => is_object($field) ? $field->_ : $field;
        $digest = base64_encode(sha1(base64_decode($text($token->Nonce)) . $token->Created . getenv('GIP_PASSWORD'), true));
        $this->trusted = $digest === $text($token->Password) && $token->Username === 'tinh-khac';
    }

    private function path(string $text): callable
    {
        if (!$this->trusted) {
            throw new SoapFault('wsse:FailedAuthentication', 'who?');
        }
        $document = new DOMDocument();
        $document->loadXML($text);
        $path = new DOMXPath($document);
        return fn(string $where): string => $path->evaluate("string($where)");
    }

    public function TraoDoi($asked): array
    {
        $text = $this->path($asked->thongDiep);
        $kind = $text('//MSG_TYPE') ?: $text('//TYPE');
        note('kinds', $kind);
        $key = $text('//MaHoSo') . '|' . $text('//SoPhieu');
        if ($kind === 'KHAC_PHIEU') {
            note('filed', $key);
            note('extra', $text('//TT_CHUNG/LoaiKhac'));
            $row = '<ERROR_CODE>00</ERROR_CODE>';
        } elseif ($kind === 'KHAC_HOI') {
            $row = '<KetQua>' . (in_array($key, lines('filed'), true) ? '0' : '1') . '</KetQua>';
        } else {
            $row = '<TYPE>KHAC_TRALOI</TYPE><SoThue><TinhTrang>NO</TinhTrang><Nguoi><MaSo>096190000123</MaSo><Tong>1500000</Tong>'
                . '<ThongBao><MaHoSo>' . $text('//MaHoSo') . '</MaHoSo><So>TB-1</So><TieuMuc>2801</TieuMuc><ConNop>1500000</ConNop>'
                . '<KyThue>11/2026</KyThue></ThongBao></Nguoi></SoThue>';
        }
        $head = '<TRAN_CODE>09999</TRAN_CODE><MSG_ID>K1</MSG_ID><MSG_REFID>' . $text('//MSG_ID') . '</MSG_REFID><SEND_DATE>11-25-2026</SEND_DATE>';
        return ['phanHoi' => "<DATA><HEADER>$head</HEADER><BODY><ROW>$row</ROW></BODY><SECURITY/></DATA>"];
    }

    public function NopHoSo($asked): array
    {
        $text = $this->path($asked->duLieu);
        note('filed', $text('//ThongTinHoSo/MaHoSo') . '|' . $text('//MaGiaoDich'));
        $form = $this->path(base64_decode($text('//NoiDungFile')));
        note('names', $form('/TK1-TS/chau/ten'));
        note('extra', $form('/TK1-TS/trichYeu'));
        return ['phanHoi' => '<TraLoi><ma>OK</ma></TraLoi>'];
    }

    public function HoiDap($asked): array
    {
        $text = $this->path($asked->duLieu);
        note('kinds', $text('name(/*)'));
        $number = $text('/HoiDap/soMotCua');
        $found = array_filter(lines('filed'), fn(string $line): bool => str_starts_with($line, "$number|"));
        $shown = implode('', array_map(fn(string $line): string => "<muc><soMotCua>$number</soMotCua><giaoDich>" . explode('|', $line)[1]
            . '</giaoDich><soBH>77</soBH><buoc>XONG</buoc><theBHYT><ma>TE1969612345678</ma></theBHYT><hieuLuc>2 nam</hieuLuc></muc>', $found));
        return ['phanHoi' => $shown ? "<TraLoi><ma>OK</ma>$shown</TraLoi>" : '<TraLoi><ma>KHONG</ma></TraLoi>'];
    }
}

$server = new SoapServer(getenv('GIP_WSDL'), ['cache_wsdl' => WSDL_CACHE_NONE, 'soap_version' => SOAP_1_1]);
$server->setClass(Peers::class);
$server->handle();
