import { render } from "preact";
import "uplot/dist/uPlot.min.css";
import "./styles.css";
import { followAddress } from "./route";
import { connect } from "./state/server";
import { App } from "./views/app";

const page = document.getElementById("page");
if (page !== null) {
  followAddress();
  connect();
  render(<App />, page);
}
