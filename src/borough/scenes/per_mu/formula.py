"""What a firm makes of its land, energy, people and money: fifteen ratios of reported facts."""

from collections.abc import Mapping
from dataclasses import dataclass

from borough.core.formulas import Formula, per
from borough.core.observations import Floats


@dataclass(frozen=True, slots=True)
class PerMu(Formula):
    """Ratios of the notices: tax, value added and revenue over land, energy, emissions and staff.

    Money is in 10,000 CNY, land in mu, energy in tonnes of standard coal (equivalent value), power
    in 10,000 kWh, emissions and water in tonnes.  Formulas: notices of Huangyan for 2021 and 2022
    (tax, value added, energy, emissions, staff, R&D, power), of Jingde 2022 (revenue, retrofit)
    and of Linhai 2014 (COD, water).
    """

    def measures(self, facts: Mapping[str, Floats]) -> Mapping[str, Floats]:
        """Give each ratio; NaN where what it is divided by is nothing, or not known."""
        land = facts["land_own"] + facts["land_in"] - facts["land_out"]
        tax, value_added, revenue = facts["tax"], facts["value_added"], facts["revenue"]
        energy, emissions, power = facts["energy"], facts["emissions"], facts["power"]
        return {
            "land": land,
            "tax_per_mu": per(tax, land),
            "value_added_per_mu": per(value_added, land),
            "revenue_per_mu": per(revenue, land),
            "retrofit_per_mu": per(facts["retrofit"], land),
            "value_added_per_energy": per(value_added, energy),
            "revenue_per_energy": per(revenue, energy),
            "value_added_per_emission": per(value_added, emissions),
            "revenue_per_emission": per(revenue, emissions),
            "value_added_per_cod": per(value_added, facts["cod"]),
            "value_added_per_water": per(value_added, facts["water"]),
            "value_added_per_power": per(value_added, power),
            "tax_per_power": per(tax, power),
            "productivity": per(value_added, facts["staff"]),
            "rd_share": per(facts["rd"], revenue),
        }
