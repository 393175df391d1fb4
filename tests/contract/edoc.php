<?php
// A document service of the eDoc profile by somebody else: PHP's SoapServer on a WSDL, MIME by hand; DOM where a request has
// no namespace, which SoapServer cannot dispatch.
// Run as `php -S 127.0.0.1:PORT edoc.php` with GIP_WSDL, GIP_STATE (a folder), GIP_PASSWORD (our Token) in the environment.
// inbox/ID.json holds documents that wait: {"header", "trace", "files": [{"name", "type", "content" (base64)}]}; traces.xml statuses.

const EDOC = 'http://www.e-doc.vn/Schema/';
const XLINK = 'http://www.w3.org/1999/xlink';
const TAGS = [
    'From/OrganId', 'From/OrganizationInCharge', 'From/OrganName', 'From/OrganAdd', 'From/Email', 'From/Telephone', 'From/Fax',
    'From/Website', 'To/OrganId', 'To/OrganName', 'To/OrganAdd', 'To/Email', 'To/Telephone', 'To/Fax', 'To/Website',
    'Code/CodeNumber', 'Code/CodeNotation', 'PromulgationInfo/Place', 'PromulgationInfo/PromulgationDate', 'DocumentType/Type',
    'DocumentType/TypeName', 'Subject', 'Content', 'SignerInfo/Competence', 'SignerInfo/Position', 'SignerInfo/FullName',
    'DueDate', 'ToPlaces', 'OtherInfo/Priority', 'OtherInfo/SphereOfPromulgation', 'OtherInfo/TyperNotation',
    'OtherInfo/PromulgationAmount', 'OtherInfo/PageAmount', 'OtherInfo/Appendixes',
];

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

function report(string $code = '', string $text = ''): array
{
    $errors = $code ? ['Error' => [['Code' => $code, 'Description' => $text]]] : [];
    return ['Report' => ['IsSuccess' => $code ? 'false' : 'true', 'ErrorList' => $errors]];
}

function parts(string $body, string $boundary): array
{
    $found = [];
    foreach (array_slice(explode("--$boundary", "\r\n" . $body), 1, -1) as $piece) {
        [$head, $content] = explode("\r\n\r\n", $piece, 2);
        preg_match('/^Content-ID:\s*<(.*)>/mi', $head, $id);
        $found[$id[1] ?? ''] = substr($content, 0, -2);
    }
    return $found;
}

function path_of(string $xml): DOMXPath
{
    $document = new DOMDocument();
    $document->loadXML($xml);
    $path = new DOMXPath($document);
    $path->registerNamespace('e', EDOC);
    return $path;
}

class Service
{
    public array $files = [];
    public string $xml = '';

    public function SendDocument($manifest): array
    {
        $path = path_of($this->xml);
        $header = '/*/*[local-name()="Header"]';
        $known = $path->evaluate("string($header/e:MessageHeader/e:DocumentId)");
        if (!$path->evaluate("boolean($header/e:ErrorList)")) {
            note('complaints', 'no ErrorList');
        }
        if ($path->evaluate("string($header/e:Signature/e:KeyInfo/e:Token)") !== getenv('GIP_PASSWORD')) {
            return report('M.CheckPermission', 'Token không hợp lệ');
        }
        foreach ($path->query('//e:Manifest/e:Reference') as $reference) {
            $id = substr($reference->getAttributeNS(XLINK, 'href'), 4);
            if (!isset($this->files[$id])) {
                note('complaints', "Reference $id has no part");
                continue;
            }
            $name = $path->evaluate('string(e:AttachmentName)', $reference);
            note('parts', hash('sha256', $this->files[$id]) . ' ' . $reference->getAttributeNS(XLINK, 'type') . ' ' . $name);
        }
        if (in_array($known, lines('documents'))) {
            return report('M.Exist', 'Document existed');
        }
        note('documents', $known);
        if (str_contains($path->evaluate("string($header/e:MessageHeader/e:Subject)"), 'HONG')) {
            throw new RuntimeException('after the effect');
        }
        return report() + ['DocumentId' => "esb-$known"];
    }

    public function GetPendingDocumentIds($asked): array
    {
        $this->known($asked);
        $ids = array_map(fn(string $path): string => basename($path, '.json'), glob(state('inbox/*.json')) ?: []);
        return report() + ['DocumentIds' => ['DocumentId' => $ids]];
    }

    public function ConfirmReceived($asked): array
    {
        $this->known($asked);
        if (!file_exists(state("inbox/$asked->documentId.json"))) {
            return report('M.ConfirmReceived', 'no such document');
        }
        unlink(state("inbox/$asked->documentId.json"));
        note('confirmed', $asked->documentId);
        return report();
    }

    public function CheckPermission($asked): array
    {
        note('permission', $asked->OrganId);
        if (file_exists(state('other-form'))) {
            return report('N.Permission.Service', 'thiếu');
        }
        return $asked->Token === getenv('GIP_PASSWORD') ? report() : report('M.CheckPermission', 'Token không hợp lệ');
    }

    public function GetOrganizations($asked): array
    {
        $this->known($asked);
        $listed = array_map(fn(string $line): array => array_combine(['OrganId', 'OrganName', 'OrganAdd'], explode('|', $line)), lines('organs'));
        return report() + ['Organizations' => ['Organization' => $listed]];
    }

    public function GetTraces($asked): array
    {
        $this->known($asked);
        note('since', $asked->TimeStamp ?? '');
        $traces = file_exists(state('traces.xml')) ? file_get_contents(state('traces.xml')) : '';
        return report() + ['Traces' => ['any' => $traces]];
    }

    public function UpdateTraces($status): array
    {
        $path = path_of($this->xml);
        note('statuses', $path->evaluate('string(//Status/StatusCode)') . ' ' . $path->evaluate('string(//Status/ResponseFor/DocumentId)'));
        return report();
    }

    private function known($asked): void
    {
        if ($asked->Token !== getenv('GIP_PASSWORD')) {
            note('refused', $asked->OrganId);
            throw new SoapFault('Client', 'Token không hợp lệ');
        }
    }
}

function document(string $id): void
{
    $kept = json_decode(file_get_contents(state("inbox/$id.json")), true);
    $boundary = 'MIMEBoundary_' . bin2hex(random_bytes(8));
    $references = '';
    $parts = '';
    foreach ($kept['files'] as $count => $file) {
        $references .= "<edXML:Reference xmlns:xlink=\"" . XLINK . "\" xlink:href=\"cid:f$count\" xlink:type=\"{$file['type']}\">"
            . "<edXML:AttachmentName>{$file['name']}</edXML:AttachmentName></edXML:Reference>";
        $parts .= "--$boundary\r\nContent-Type: {$file['type']}\r\nContent-Transfer-Encoding: binary\r\n"
            . "Content-ID: <f$count>\r\n\r\n{$file['content']}\r\n";
    }
    header("Content-Type: multipart/related; boundary=\"$boundary\"; type=\"text/xml\"; start=\"<root>\"");
    echo "--$boundary\r\nContent-Type: text/xml; charset=UTF-8\r\nContent-ID: <root>\r\n\r\n"
        . '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" xmlns:edXML="' . EDOC . '">'
        . "<SOAP-ENV:Header>{$kept['header']}{$kept['trace']}</SOAP-ENV:Header>"
        . "<SOAP-ENV:Body><edXML:Manifest>$references</edXML:Manifest></SOAP-ENV:Body></SOAP-ENV:Envelope>\r\n$parts--$boundary--\r\n";
}

function written(DOMNode $parent, string $name, mixed $value): void
{
    foreach (is_array($value) && array_is_list($value) ? $value : [$value] as $each) {
        if ($name === 'any') {
            $fragment = $parent->ownerDocument->createDocumentFragment();
            $each === '' || $fragment->appendXML($each);
            $each === '' || $parent->appendChild($fragment);
            continue;
        }
        $made = $parent->appendChild($parent->ownerDocument->createElementNS(EDOC, "edXML:$name"));
        is_array($each) || $made->appendChild($parent->ownerDocument->createTextNode((string)$each));
        foreach (is_array($each) ? $each : [] as $inner => $below) {
            written($made, $inner, $below);
        }
    }
}

function by_hand(Service $service, string $action): void
{
    $asked = new stdClass();
    foreach (path_of($service->xml)->query('/*/*[local-name()="Body"]/*[namespace-uri()=""]/*[namespace-uri()=""]') as $each) {
        $asked->{$each->localName} = $each->textContent;
    }
    $answer = new DOMDocument('1.0', 'UTF-8');
    $envelope = $answer->appendChild($answer->createElementNS('http://schemas.xmlsoap.org/soap/envelope/', 'SOAP-ENV:Envelope'));
    $body = $envelope->appendChild($answer->createElementNS('http://schemas.xmlsoap.org/soap/envelope/', 'SOAP-ENV:Body'));
    header('Content-Type: text/xml; charset=utf-8');
    try {
        written($body, "{$action}Response", $service->$action($asked));
    } catch (SoapFault $fault) {
        http_response_code(500);
        $said = $body->appendChild($answer->createElementNS('http://schemas.xmlsoap.org/soap/envelope/', 'SOAP-ENV:Fault'));
        $said->appendChild($answer->createElement('faultcode', 'SOAP-ENV:Client'));
        $said->appendChild($answer->createElement('faultstring', $fault->getMessage()));
    }
    echo $answer->saveXML();
}

if ($_SERVER['REQUEST_METHOD'] === 'GET') {
    echo 'there';
    return;
}
$kind = $_SERVER['CONTENT_TYPE'] ?? '';
$action = trim($_SERVER['HTTP_SOAPACTION'] ?? '', '"');
$service = new Service();
$service->xml = file_get_contents('php://input');
if (preg_match('~^multipart/related; type="text/xml"; start="<(.*?)>"; boundary="(.*?)"$~', $kind, $said)) {
    $service->files = parts($service->xml, $said[2]);
    $service->xml = $service->files[$said[1]];
} elseif ($action === 'SendDocument') {
    note('complaints', "SendDocument as $kind");
}
if ($action === 'GetDocument') {
    $path = path_of($service->xml);
    note('fetched', $path->evaluate('string(//GetDocumentRequest/documentId)'));
    document($path->evaluate('string(//GetDocumentRequest/documentId)'));
    return;
}
if ($action === 'SendDocument') {
    $path = path_of($service->xml);
    foreach (TAGS as $tag) {
        $there = '//e:MessageHeader/e:' . str_replace('/', '/e:', $tag);
        if (!$path->evaluate("boolean($there)") || $path->evaluate('string(//e:Subject)') === 'THIEU') {
            header('Content-Type: text/xml; charset=utf-8');
            echo '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Body/></SOAP-ENV:Envelope>';
            note('untagged', $tag);
            return;
        }
    }
}
if ($action !== 'SendDocument') {
    by_hand($service, $action);
    return;
}
$server = new SoapServer(getenv('GIP_WSDL'), ['cache_wsdl' => WSDL_CACHE_NONE]);
$server->setObject($service);
$server->handle($service->xml);
