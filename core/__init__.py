"""Privacy Desk: erasure and access requests at contact-centre vendors, from web form to proof."""
