"""A generator of load: many gateways that publish over MQTT as fast as asked, and keep count."""
