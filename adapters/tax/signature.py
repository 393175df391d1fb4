"""What the gateway's signature covers: HEADER and BODY, by one XPath transform (reference 1.2d and 2.5)."""

from adapters._kit.xml_signature import Cover

COVER = Cover("ancestor-or-self::HEADER or ancestor-or-self::BODY")
