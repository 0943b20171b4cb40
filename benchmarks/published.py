"""Published volumes of regions, as their authors count them, beside the case studies' names."""

__all__ = ["PUBLISHED", "PUBLISHED_FLOWS"]

PUBLISHED = {  # CT-BaB / Yang et al. 2024, as counted there, with a hole and a tolerance
    "inverted_pendulum": "505.4 / 239.04",
    "weak_pendulum": "457.9 / 187.20",
    "path_tracking": "20.79 / 18.27",
    "weak_path_tracking": "14.03 / 10.53",
    "cart_pole": "1.35 / -",
    "pendulum_output_feedback": "12.23 / 6.26",
    "planar_quadrotor": "54.39 / 3.29",
    "pvtol": "46.95 / -, of another domain",  # pvtol_ceiling.py
}
PUBLISHED_FLOWS = {  # two-stage training, mean of 5 seeds, samples; the origin itself is left out
    "van_der_pol_flow": "57.6",
    "double_integrator_flow": "302.5",
    "pendulum_flow": "2946.5",
    "weak_pendulum_flow": "1169.2",
    "path_tracking_flow": "122.0",
    "weak_path_tracking_flow": "73.8",
    "cart_pole_flow": "306.1",
    "pvtol_flow": "1.91e4, not proved, another domain",
    "planar_quadrotor_flow": "6.64e6, not proved",
}
