// The gateway by a JAX-WS server (the reference implementation, as the real one has it), from reference 1.2d alone.
// Token and signature are judged with the JDK's own javax.xml.crypto. Arguments: port, folder of notes, password.

import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import javax.jws.WebMethod;
import javax.jws.WebParam;
import javax.jws.WebResult;
import javax.jws.WebService;
import javax.xml.bind.annotation.XmlAccessType;
import javax.xml.bind.annotation.XmlAccessorType;
import javax.xml.bind.annotation.XmlElement;
import javax.xml.bind.annotation.XmlRootElement;
import javax.xml.bind.annotation.XmlType;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.namespace.QName;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.soap.SOAPElement;
import javax.xml.soap.SOAPFactory;
import javax.xml.soap.SOAPHeader;
import javax.xml.ws.Endpoint;
import javax.xml.ws.RequestWrapper;
import javax.xml.ws.ResponseWrapper;
import javax.xml.ws.handler.MessageContext;
import javax.xml.ws.handler.soap.SOAPHandler;
import javax.xml.ws.handler.soap.SOAPMessageContext;
import javax.xml.ws.soap.SOAPFaultException;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

@WebService(name = "Gip", serviceName = "Gip", portName = "GipSoap", targetNamespace = "urn:lienthong:tax")
public class Gip {
    static final String OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-";
    static final String WSSE = OASIS + "wssecurity-secext-1.0.xsd";
    static final String WSU = OASIS + "wssecurity-utility-1.0.xsd";
    static final String DSIG = "http://www.w3.org/2000/09/xmldsig#";
    static Path notes;
    static String password;

    @XmlRootElement(name = "xuLyTruyVanMsg", namespace = "http://gip.request.com/")
    @XmlType(name = "xuLyTruyVanMsg", namespace = "http://gip.request.com/")
    @XmlAccessorType(XmlAccessType.FIELD)
    public static class Asked {
        @XmlElement(name = "in_msg")
        public String in_msg;
    }

    @XmlRootElement(name = "xuLyTruyVanMsgResponse", namespace = "http://gip.response.com/")
    @XmlType(name = "xuLyTruyVanMsgResponse", namespace = "http://gip.response.com/")
    @XmlAccessorType(XmlAccessType.FIELD)
    public static class Told {
        @XmlElement(name = "return")
        public String _return;
    }

    @WebMethod(operationName = "xuLyTruyVanMsg")
    @RequestWrapper(localName = "xuLyTruyVanMsg", targetNamespace = "http://gip.request.com/", className = "Gip$Asked")
    @ResponseWrapper(localName = "xuLyTruyVanMsgResponse", targetNamespace = "http://gip.response.com/", className = "Gip$Told")
    @WebResult(name = "return")
    public String xuLyTruyVanMsg(@WebParam(name = "in_msg") String text) {
        try {
            return answer(text);
        } catch (RuntimeException error) {
            throw error;
        } catch (Exception error) {
            throw new RuntimeException(error);
        }
    }

    static String answer(String text) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        Document document = factory.newDocumentBuilder().parse(new InputSource(new StringReader(text)));
        String problem = signature(document);
        if (!problem.isEmpty()) {
            note("complaints", problem);
        }
        String number = of(document, "MSG_ID");
        String slip = of(document, "MA_HS") + "|" + of(document, "SO_PHIEU");
        if (of(document, "MSG_TYPE").equals("TCT_GPC")) {
            note("slips", slip);
            if (of(document, "SO_PHIEU").equals("HONG")) {
                throw new IllegalStateException("uncaught, after the effect");
            }
            return frame(number, "<ERROR_CODE>00</ERROR_CODE><TEN>" + of(document, "HO_TEN") + "</TEN>");
        }
        boolean there = Files.exists(notes.resolve("slips")) && Files.readAllLines(notes.resolve("slips")).contains(slip);
        return frame(number, "<MA_KETQUA>" + (there ? "0" : "1") + "</MA_KETQUA>");
    }

    static String signature(Document document) throws Exception {
        NodeList found = document.getElementsByTagNameNS(DSIG, "Signature");
        if (found.getLength() != 1) {
            return "no signature";
        }
        Element signature = (Element) found.item(0);
        String der = signature.getElementsByTagNameNS(DSIG, "X509Certificate").item(0).getTextContent().replaceAll("\\s", "");
        X509Certificate certificate = (X509Certificate) CertificateFactory.getInstance("X.509")
            .generateCertificate(new java.io.ByteArrayInputStream(Base64.getDecoder().decode(der)));
        DOMValidateContext context = new DOMValidateContext(certificate.getPublicKey(), signature);
        context.setProperty("org.jcp.xml.dsig.secureValidation", Boolean.FALSE);
        return XMLSignatureFactory.getInstance("DOM").unmarshalXMLSignature(context).validate(context) ? "" : "the signature is wrong";
    }

    static String of(Document document, String name) {
        NodeList found = document.getElementsByTagName(name);
        return found.getLength() == 0 ? "" : found.item(0).getTextContent();
    }

    static String frame(String asked, String row) {
        return "<DATA><HEADER><TRAN_CODE>05011</TRAN_CODE><MSG_ID>GIP202611250000001</MSG_ID><MSG_REFID>" + asked
            + "</MSG_REFID><SEND_DATE>11-25-2026</SEND_DATE></HEADER><BODY><ROW>" + row + "</ROW></BODY><SECURITY/></DATA>";
    }

    static synchronized void note(String name, String what) throws Exception {
        Files.writeString(notes.resolve(name), what + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    // mustUnderstand="1" is understood by this handler alone; without it the request is a fault.
    static class Guard implements SOAPHandler<SOAPMessageContext> {
        public Set<QName> getHeaders() {
            return Set.of(new QName(WSSE, "Security"));
        }

        public boolean handleMessage(SOAPMessageContext context) {
            if ((Boolean) context.get(MessageContext.MESSAGE_OUTBOUND_PROPERTY)) {
                return true;
            }
            try {
                SOAPHeader header = context.getMessage().getSOAPHeader();
                String nonce = text(header, WSSE, "Nonce");
                MessageDigest digest = MessageDigest.getInstance("SHA-1");
                digest.update(Base64.getDecoder().decode(nonce));
                digest.update(text(header, WSU, "Created").getBytes(StandardCharsets.UTF_8));
                digest.update(password.getBytes(StandardCharsets.UTF_8));
                if (Base64.getEncoder().encodeToString(digest.digest()).equals(text(header, WSSE, "Password"))) {
                    return true;
                }
            } catch (Exception error) {
                throw new RuntimeException(error);
            }
            throw refused();
        }

        static SOAPFaultException refused() {
            try {
                return new SOAPFaultException(SOAPFactory.newInstance()
                    .createFault("wrong user or password", new QName(WSSE, "FailedAuthentication")));
            } catch (javax.xml.soap.SOAPException error) {
                throw new RuntimeException(error);
            }
        }

        static String text(SOAPHeader header, String space, String name) {
            NodeList found = header.getElementsByTagNameNS(space, name);
            return found.getLength() == 0 ? "" : found.item(0).getTextContent();
        }

        public boolean handleFault(SOAPMessageContext context) {
            return true;
        }

        public void close(MessageContext context) {
        }
    }

    public static void main(String[] arguments) throws Exception {
        notes = Path.of(arguments[1]);
        password = arguments[2];
        Endpoint endpoint = Endpoint.create(new Gip());
        endpoint.getBinding().setHandlerChain(List.of(new Guard()));
        endpoint.publish("http://127.0.0.1:" + arguments[0] + "/T2B/GIP");
        System.out.println("ready");
    }
}
