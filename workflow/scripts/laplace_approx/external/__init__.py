"""The verdict on draws that another tool made from its normal."""
