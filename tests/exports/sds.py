"""SDS 1 and 2 exports with invented data: every shape that the reader knows."""

from __future__ import annotations

FLAGS = ["FOS", "HMD", "LME", "EW", "BPR", "NAW", "HNS", "HRN", "EAF", "BAF", "TAF", "CAF"]
AQ_COLUMNS = [
    *("Well", "Sample Name", "Detector Name", "Reporter", "Task", "Ct", "Quantity", "Qty Mean"),
    *("Qty StdDev", "Ct Median", "Ct Mean", "Ct StdDev", "Baseline Type", "Threshold", *FLAGS, ""),
]


def _aq_row(well: int, sample: str, task: str, ct: str, quantity: str = "", flag: str = "") -> str:
    flags = ["true" if name == flag else "" for name in FLAGS]
    cells = [str(well), sample, "IGH-1", "FAM", task, ct, quantity]
    return "\t".join([*cells, *[""] * 5, "Automatic", "0.2", *flags, ""])


AQ_HEAD = [
    "SDS 2.3\tAQ Results\t1.0", "Filename\trun 7", "PlateID\t", "Assay Type\tAbsolute Quantification",
    "Run DateTime\t5/6/24 7:08:09 AM", "Operator\t", "ThermalCycleParams\t", "", "Sample Information", "",
]  # fmt: skip
AQ_ROWS = [
    _aq_row(1, "Std1", "Standard", "21.589584", "100000.0"),
    _aq_row(2, "Std2", "Standard", "24.97", "10000.0"),
    _aq_row(25, "S1", "Unknown", "31.25", "140.25", "HRN"),
    _aq_row(26, "S1", "Unknown", "31.5", "118.5"),
    _aq_row(27, "", "NTC", "Undetermined", "", "EW"),
    _aq_row(384, "S2", "Unknown", "38.75", "0.9"),
]
AQ_TAIL = ["Slope\t-3.38\tcycles/log decade", "Y-Intercept\t38.49\t", "R^2\t0.998\t", "", "", "", "NAP\tLPL", "\t", ""]  # fmt: skip
AQ = "\n".join([*AQ_HEAD, "\t".join(AQ_COLUMNS), *AQ_ROWS, *AQ_TAIL]).encode()

RQ_COLUMNS = (
    "Well PlateID Sample Detector Task Ct|delta Rn|Ct Avg|Ct SD|RQ|Threshold|Outlier|Filename"
)
RQ = "\n".join(
    [
        "SDS 2.1RQ Results\t1.0", "Filename\tstudy.sdm", "Assay Type\tRQ Study", "Run DateTime\tMon May 06 07:08:09 CEST 2024", "",
        "\t".join(part for group in RQ_COLUMNS.split("|") for part in (group.split(" ") if group[:4] == "Well" else [group])),
        "1\t\tS1\tIGH-1\tTarget\t35.5\t1.41\t35.75\t0.353553\t\t0.2\t\trun7",
        "2\t\tS1\tIGH-1\tTarget\t36\t1.60\t35.75\t0.353553\t\t0.2\t\trun7",
        "3\t\tS1\tALB\tEndogenous Control\t24.25\t1.6\t24.25\t\t\t0.2\ttrue\trun7",
        "4\t\tNTC\tALB\tTarget\tUndetermined\tUndetermined\t\t\t\t0.2\t\trun7",
        "", "Summary Data for Study study.sdm", "Endogenous Control\tALB", "PlateID\tSample\tDetector\tRQ", "\tS1\tIGH-1\t", "",
    ]
).encode()  # fmt: skip

CSV_HEAD = [
    "Document Name: run 7 ", "Plate Type: Absolute Quantification", "User: lab", "", "Document Information", "",
    "Operator: lab", "Run Date: Monday, May 06, 2024 07:08:09", "Last Modified: Monday, May 06, 2024 09:08:09",
    "Instrument Type: Applied Biosystems 7500 Real-Time PCR System", "", "Comments:", "SDS v1.3", "",
]  # fmt: skip
CSV_COLUMNS = "Well,Sample Name,Detector,Task,Ct,StdDev Ct,Qty,Mean Qty,StdDev Qty,Filtered,Tm"
CSV_ROWS = [
    "A1,Std1,IGH-1,Standard,21.50,0.354,1.00e+005,,,,",
    "A2,Std1,IGH-1,Standard,22.00,0.354,1.00e+005,,,,",
    'A3,"S 1, bone marrow",IGH-1,Unknown,30.25,,140,,,,83.80',
    "A4,,IGH-1,NTC,Undet.,,,,,,",
    "H12,S2,IGH-1,Unknown,33.10,,,,,true,",
]
CSV = "\r\n".join([*CSV_HEAD, CSV_COLUMNS, *CSV_ROWS, ""]).encode()
CSV_COMMA = "\r\n".join(
    [
        *(line.replace(",", " ") for line in CSV_HEAD), CSV_COLUMNS.replace(",", ";"),
        "A1;Std1;IGH-1;Standard;21,50;0,354;1,00e+005;;;;", "A2;S1;IGH-1;Unknown;30,25;;;;;;", "A10;;IGH-1;NTC;Undet.;;;;;;", "",
    ]
).encode()  # fmt: skip

STUDY_COLUMNS = (
    "Plate,Well ID,Well,Sample,Detector,Task,Ct,Ct std err,Avg Ct,Omit,Filtered,Threshold,Start,End"
)
STUDY_ROWS = [
    "run7,1,A1,S1,IGH-1,Target,29.25,0.25,29.5,,,0.38,1,23",
    "run7,2,A2,S1,IGH-1,Target,29.75,0.25,29.5,,,0.38,1,23",
    "run7,3,A3,S1,IGH-1,Target,,,29.5,Yes,,0.38,1,23",
    "run7,4,A4,NTC,IGH-1,Target,Undet.,,,,,0.38,1,26",
    "run7,13,B1,S1,ALB,ENDO,23,,23,,,0.2,1,18",
]
STUDY = "\n".join(
    [
        "Exported RQ Study Well Information,,,,,,,,,,,,,", ",,,,,,,,,,,,,", "Document Name: Plate1 ,,,,,,,,,,,,,",
        "Instrument Type: Applied Biosystems 7000 Real-Time PCR System,,,,,,,,,,,,,", "Comments:,,,,,,,,,,,,,",
        "SDS v1.2,,,,,,,,,,,,,", "Stage,Repetitions,Temperature,Time,,,,,,,,,,", "3,40,95.0,00:15,,,,,,,,,,",
        STUDY_COLUMNS, ",,,,,,,,,,,,,", *STUDY_ROWS, "",
    ]
).encode()  # fmt: skip

OLD_COLUMNS = "Well Reporter Type Baseline|StdDev deltaRn Ct Quantity Replicate Qty|Mean Qty|StdDev IPC Sample|Name"


def _old_row(well: int, *cells: str) -> str:
    return "\t".join([str(well), "FAM", *cells, *[""] * (10 - len(cells))])


OLD_ROWS = [
    _old_row(1),
    _old_row(2, "STND", "2.5e-03", "2.98", "21.5", "1.0000e+05", "1", "0", "0", "0", "Std1"),
    _old_row(13, "UNKN", "2.5e-03", "2.98", "25.03", "-1.0000e+00", "", "0", "0", "0", "S1"),
    _old_row(96, "NTC", "2.5e-03", "0.01", "Undetermined", "-1.0000e+00", "", "0", "0", "0", ""),
]
OLD_TAIL = ["\t" * 11, "Slope\t0\tcycles/log decade" + "\t" * 9, "Intercept\t0\tcycles" + "\t" * 9, "R^2\t0" + "\t" * 10,
            "Threshold detection parameters:" + "\t" * 11, "Baseline start\t3" + "\t" * 10, "Threshold\t0.024" + "\t" * 10, ""]  # fmt: skip
OLD_HEADER = "\t".join(name.replace("|", " ") for name in OLD_COLUMNS.split(" "))
OLD = "\n".join([OLD_HEADER, *OLD_ROWS, *OLD_TAIL]).encode()

SMALL: dict[str, bytes] = {
    "sds_2_absolute": AQ,
    "sds_2_study": RQ,
    "sds_1": CSV,
    "sds_1_comma": CSV_COMMA,
    "sds_1_study": STUDY,
    "sds_7700": OLD,
}
