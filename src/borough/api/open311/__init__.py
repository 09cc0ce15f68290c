"""Open311 GeoReport v2: what a city's residents and their programs ask of it, by a public standard.

The specification is at http://wiki.open311.org/GeoReport_v2.  Every answer comes as XML or JSON,
as the end of the address says.
"""

from borough.api.open311.doors import router

__all__ = ["router"]
