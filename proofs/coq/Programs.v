(** Programs over models: what is known of every vector that a program computes. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Floats Arith.
From Certify Require Import Language Analysis Intervals Arithmetic Rounding Elementary Vectors Forms.
From Certify Require Import Polynomials Products Models Operations Rationals.
Import ListNotations.
Local Open Scope R_scope.

(** Constants as intervals, once for all boxes. *)
Definition compile (n : node Q) : node interval :=
  match n with
  | Const q => Const (enclose q)
  | Var i => Var i | Neg a => Neg a | Add a b => Add a b | Sub a b => Sub a b
  | Mul a b => Mul a b | Max a b => Max a b | Call g a => Call g a | Step a => Step a
  | Select a b c => Select a b c | Quotient g a b => Quotient g a b
  | Quotient2 g a b => Quotient2 g a b | Increment g a b => Increment g a b
  | Stack l => Stack l | Index a i => Index a i
  | Affine rows a => Affine (map (fun r => (map enclose (fst r), enclose (snd r))) rows) a
  end.

Definition row := list (option model).
Definition on1 (f : model -> option model) (a : option model) : option model :=
  match a with Some x => f x | None => None end.
Definition on2 (f : model -> model -> option model) (a b : option model) : option model :=
  match a, b with Some x, Some y => f x y | _, _ => None end.

Section Rules.
Variable degree : nat.

Definition select_model (a b c : option model) : option model :=
  on1 (fun m0 =>
    let m := tight degree m0 in
    if positive (range m) then b else if nonpositive (range m) then c
    else on2 (fun x y =>
      Some (plain (hull (range (tight degree x)) (range (tight degree y))))) b c) a.

Definition evaluate_models (x : list model) (e : list row) (p : node interval) : row :=
  let arg k := nth k e [] in
  let first k := hd None (arg k) in
  match p with
  | Const i => [Some (plain i)]
  | Var i => [nth_error x i]
  | Neg a => map (on1 (fun m => Some (neg_model degree m))) (arg a)
  | Add a b => zip (on2 (fun u v => Some (add_model degree u v))) (arg a) (arg b)
  | Sub a b => zip (on2 (fun u v => Some (sub_model degree u v))) (arg a) (arg b)
  | Mul a b =>
    if Nat.eqb a b then map (on1 (fun m => Some (square_model degree m))) (arg a)
    else zip (on2 (fun u v => Some (mul_model degree u v))) (arg a) (arg b)
  | Max a b => zip (on2 (fun u v => Some (max_model degree u v))) (arg a) (arg b)
  | Call g a => map (on1 (call_model degree g)) (arg a)
  | Step a => map (on1 (fun m => Some (plain (step_range (range (tight degree m)))))) (arg a)
  | Select a b c => [select_model (first a) (first b) (first c)]
  | Quotient g a b => zip (on2 (quotient_model degree g)) (arg a) (arg b)
  | Quotient2 g a b => zip (on2 (quotient2_model degree g)) (arg a) (arg b)
  | Increment g a b => zip (on2 (increment_model degree g)) (arg a) (arg b)
  | Stack l => map first l
  | Index a i => [nth i (arg a) None]
  | Affine rows a => map (fun r => row_model degree (fst r) (arg a) (snd r)) rows
  end.

(** Errors of a vector get names, if its node has the first flag: any choice is sound. *)
Fixpoint name_all (k : nat) (v : row) : row :=
  match v with
  | [] => []
  | Some m :: v' => Some (named k m) :: name_all (S k) v'
  | None :: v' => None :: name_all (S k) v'
  end.

(** The variables of a box; [before] counts those that came before. *)
Fixpoint variables (before : nat) (b : list interval) : option (list model) :=
  match b with
  | [] => Some []
  | i :: b' =>
    match variables (S before) b' with
    | None => None
    | Some l =>
      match degree with
      | O => Some (plain i :: l)
      | _ => match centred i with
        | Some (m, r) => Some (Model (made (point m) (with_last before r End) []) i :: l)
        | None => None
        end
      end
    end
  end.
End Rules.

(** What a program does at a node: whether errors of its components get names, whether the formula is
    tried after it, and whether in degree 1 it keeps squares.  Any choice is sound. *)
Record stage := Stage { naming : bool; trying : bool; bending : bool; what : node interval }.

(** What is proved before the last [r] nodes are known; an atom that needs them is not. *)
Inductive answer := Proved | Open (left : list interval).
Section Formulas.
Variables (n degree : nat).                                  (* n: the number of variables *)

Definition sharper (test : float -> bool) (p : poly) : bool :=
  match squares p with [] => false | _ => test (poly_least p) end.
(* Inside Coq both sides of [||] are computed: where that is long, this is the same. *)
Local Notation "a ||| b" := (if a then true else b) (at level 50, left associativity).
Local Notation "a &&& b" := (if a then b else false) (at level 40, left associativity).
Definition above_zero (m : model) : bool :=
  positive (range m) ||| (let t := tight degree m in positive (range t) ||| sharper (is_lt 0) (body t)).
Definition not_below_zero (m : model) : bool :=
  nonnegative (range m) |||
  (let t := tight degree m in nonnegative (range t) ||| sharper (is_le 0) (body t)).
Fixpoint proved (r : nat) (e : list row) (f : formula) : bool :=
  let reach k m := Nat.leb r k &&& match nth (k - r) e [] with [Some m'] => m m' | _ => false end in
  match f with
  | Positive k => reach k above_zero
  | Nonnegative k => reach k not_below_zero
  | Defined k => reach k (fun _ => true)
  | And a b => proved r e a &&& proved r e b
  | Or a b => proved r e a ||| proved r e b
  end.

(** Where the variables are if no guard, an alternative that is an atom, is positive. *)
Fixpoint meets (a b : list interval) : list interval :=
  match a, b with
  | [], b => b
  | a, [] => a
  | i :: a, j :: b => meet i j :: meets a b
  end.
Fixpoint confined (r : nat) (e : list row) (f : formula) : list interval :=
  let reach k := if Nat.leb r k then
    match nth (k - r) e [] with [Some m] => poly_cuts n (body m) | _ => [] end else [] in
  match f with
  | Positive k | Nonnegative k => reach k
  | Or a b => meets (confined r e a) (confined r e b)
  | _ => []
  end.
Definition worth (l : list interval) : bool :=
  existsb (fun i => is_lt (width i) 0x1.e666666666666p+0) l.

(** The formula is tried after the nodes that say so, and at the end; with [narrowing], what is left
    of the box is the answer as soon as it is less than most of it. *)
Fixpoint decide (narrowing : bool) (x : list model) (k : nat) (p : list stage) (e : list row)
  (f : formula) : answer :=
  match p with
  | [] => if proved 0 e f then Proved else Open (if narrowing then confined 0 e f else [])
  | s :: p' =>
    let dg := match degree with 1%nat => if bending s then 2%nat else 1%nat | d => d end in
    let v := evaluate_models dg x e (what s) in
    let e' := (if naming s then name_all k v else v) :: e in
    let k' := if naming s then (k + length v)%nat else k in
    if trying s then
      if proved (length p') e' f then Proved else
      let left := if narrowing then confined (length p') e' f else [] in
      if worth left then Open left else decide narrowing x k' p' e' f
    else decide narrowing x k' p' e' f
  end.
End Formulas.

(** * Soundness *)

Lemma Forall2_nth {A B} (P : A -> B -> Prop) a b : P a b ->
  forall i l m, Forall2 P l m -> P (nth i l a) (nth i m b).
Proof. intros H. induction i; intros l m F; destruct F; simpl; auto. Qed.
Lemma Forall2_hd {A B} (P : A -> B -> Prop) a b l m : P a b -> Forall2 P l m -> P (hd a l) (hd b m).
Proof. intros H F; destruct F; simpl; auto. Qed.
Lemma Forall2_map2 {A B A' B'} (P : A -> B -> Prop) (Q : A' -> B' -> Prop) f g l m :
  (forall a b, P a b -> Q (f a) (g b)) -> Forall2 P l m -> Forall2 Q (map f l) (map g m).
Proof. intros H; induction 1; simpl; auto. Qed.
Lemma Forall2_mapi {A B A' B'} (P : A -> B -> Prop) (Q : A' -> B' -> Prop) f g l m :
  (forall i a b, P a b -> Q (f a) (g i b)) -> Forall2 P l m ->
  forall i, Forall2 Q (map f l) (mapi_from i g m).
Proof. intros H; induction 1; simpl; auto. Qed.
Lemma Forall2_impl {A B} (P Q : A -> B -> Prop) l m : (forall a b, P a b -> Q a b) ->
  Forall2 P l m -> Forall2 Q l m.
Proof. intros H; induction 1; auto. Qed.
Lemma Forall2_combine {A B} (P : A -> B -> Prop) l m : Forall2 P l m -> forall l' m',
  Forall2 P l' m' ->
  Forall2 (fun a b => P (fst a) (fst b) /\ P (snd a) (snd b)) (combine l l') (combine m m').
Proof. induction 1; intros l2 m2 F; simpl; auto. destruct F; constructor; auto. Qed.

Section Soundness.
Definition describes_row z : row -> vector -> Prop := Forall2 (models_scalar z).

Lemma select_model_ok degree z a b c u v w : models_scalar z a u ->
  models_scalar z b v -> models_scalar z c w ->
  (forall i, in_unit (z i)) -> models_scalar z (select_model degree a b c) (select u v w).
Proof.
  intros A B C Z. destruct a as [m0|]; simpl; auto. destruct A as [x [-> A0]]. simpl.
  pose proof (tight_ok degree z Z _ _ A0) as A. set (m := tight degree m0) in *.
  destruct (positive (range m)) eqn:P.
  { pose proof (positive_ok _ _ P (proj1 A)). destruct Rlt_dec; [auto|contradiction]. }
  destruct (nonpositive (range m)) eqn:N.
  { pose proof (nonpositive_ok _ _ N (proj1 A)). destruct Rlt_dec; [lra|auto]. }
  destruct b as [b|], c as [c|]; simpl; auto.
  destruct B as [y [-> B0]], C as [o [-> C0]].
  pose proof (tight_ok degree z Z _ _ B0) as B. pose proof (tight_ok degree z Z _ _ C0) as C.
  destruct Rlt_dec; eexists; (split; [reflexivity|]); apply plain_ok;
    [apply hull_left, B|apply hull_right, C].
Qed.

Lemma evaluate_ok degree z x xs t e es p : (forall i, in_unit (z i)) -> (forall i, 0 <= t i <= 1) ->
  Forall2 (models z) x xs -> Forall2 (describes_row z) e es ->
  describes_row z (evaluate_models degree x e (compile p)) (evaluate xs t es p).
Proof.
  intros Z T X E.
  assert (arg : forall j, describes_row z (nth j e []) (nth j es []))
    by (intros; apply (Forall2_nth (describes_row z)); auto; constructor).
  assert (first : forall j, models_scalar z (hd None (nth j e [])) (hd None (nth j es [])))
    by (intros; apply Forall2_hd; simpl; auto; apply arg).
  assert (one : forall f g, (forall m u, models z m u -> models_scalar z (f m) (g u)) ->
    forall a u, models_scalar z a u -> models_scalar z (on1 f a) (lift1 g u)).
  { intros f g H [m|] u A; simpl; auto. destruct A as [v [-> A]]. simpl. auto. }
  assert (two : forall f g, (forall m m' u v, models z m u -> models z m' v ->
    models_scalar z (f m m') (g u v)) -> forall a b u v, models_scalar z a u ->
    models_scalar z b v -> models_scalar z (on2 f a b) (lift2 g u v)).
  { intros f g H [m|] [m'|] u v A B; simpl; auto.
    destruct A as [w [-> A]], B as [o [-> B]]. simpl. auto. }
  assert (maps : forall f g j, (forall m u, models z m u -> models_scalar z (f m) (g u)) ->
    describes_row z (map (on1 f) (nth j e [])) (map (lift1 g) (nth j es []))).
  { intros f g j H. eapply Forall2_map2; [|apply arg]. apply one, H. }
  assert (zips : forall f g i j, (forall m m' u v, models z m u -> models z m' v ->
    models_scalar z (f m m') (g u v)) ->
    describes_row z (zip (on2 f) (nth i e []) (nth j e []))
                      (zip (lift2 g) (nth i es []) (nth j es []))).
  { intros f g i j H. unfold zip. eapply Forall2_map2; [|apply Forall2_combine; apply arg].
    intros a b [P Q]. now apply two. }
  assert (zipis : forall f g i j, (forall q m m' u v, models z m u -> models z m' v ->
    models_scalar z (f m m') (g q u v)) ->
    describes_row z (zip (on2 f) (nth i e []) (nth j e []))
                      (zipi (fun q => lift2 (g q)) (nth i es []) (nth j es []))).
  { intros f g i j H. unfold zip, zipi, mapi.
    eapply Forall2_mapi; [|apply Forall2_combine; apply arg].
    intros q a b [P Q]. simpl. apply two; auto. }
  assert (some : forall m v, models z m v -> models_scalar z (Some m) (Some v))
    by (intros; simpl; eauto).
  destruct p; simpl.
  - repeat constructor. exists (Q2R q). split; auto. apply plain_ok, enclose_ok.
  - repeat constructor. revert x xs X. induction i; intros x xs X; destruct X; simpl; auto.
    now apply some.
  - apply maps. intros. now apply some, neg_model_ok.
  - apply zips. intros. now apply some, add_model_ok.
  - apply zips. intros. now apply some, sub_model_ok.
  - destruct (Nat.eqb_spec a b) as [->|_].
    + assert (Zi : forall v : vector, zip (lift2 (fun x y => Some (x * y))) v v =
        map (lift1 (fun x => Some (x * x))) v).
      { unfold zip. induction v as [|[r|] v IH]; simpl; auto; now rewrite IH. }
      rewrite Zi. apply maps. intros. now apply some, square_model_ok.
    + apply zips. intros. now apply some, mul_model_ok.
  - apply zips. intros. now apply some, max_model_ok.
  - apply maps. intros. now apply call_model_ok.
  - unfold mapi. eapply Forall2_mapi; [|apply arg]. intros i m u A. apply one; auto.
    intros m' v B. destruct (tight_ok degree z Z _ _ B) as [B' _].
    apply some, plain_ok. now apply step_range_ok.
  - repeat constructor. apply select_model_ok; auto.
  - apply zipis. intros. now apply quotient_model_ok.
  - apply zipis. intros. now apply quotient2_model_ok.
  - apply zips. intros. now apply increment_model_ok.
  - induction parts; simpl; constructor; auto.
  - repeat constructor. apply Forall2_nth; simpl; auto. apply arg.
  - induction rows as [|r rows IH]; simpl; constructor; auto.
    apply row_model_ok; auto; [|apply arg|apply enclose_ok].
    induction (fst r); simpl; constructor; auto. apply enclose_ok.
Qed.

Lemma name_all_ok v : forall k z vs, (forall i, in_unit (z i)) ->
  (forall z', agree k z z' -> (forall i, in_unit (z' i)) -> describes_row z' v vs) ->
  exists z1, (forall i, in_unit (z1 i)) /\ agree k z z1 /\
    forall z', agree (k + length v) z1 z' -> (forall i, in_unit (z' i)) ->
      describes_row z' (name_all k v) vs.
Proof.
  induction v as [|m v IH]; intros k z vs U H.
  - exists z. split; [exact U|]. split; [intros i _; reflexivity|]. intros z' A U'.
    apply H; auto. intros i L. apply A. simpl. lia.
  - pose proof (H z (fun i _ => eq_refl) U) as H0. inversion H0 as [|m0 a v0 vs' Ha Hv]; subst; clear H0.
    assert (N : exists t, in_unit t /\ forall z', agree (S k) (assign k t z) z' ->
        (forall i, in_unit (z' i)) ->
        models_scalar z' (match m with Some m => Some (named k m) | None => None end) a).
    { destruct m as [m|]; [|exists 0; split; [unfold in_unit; lra|intros; exact I]].
      destruct Ha as [u [-> Ha]]. destruct (named_ok k z m u U) as [t [T M]].
      { intros z' A U'. specialize (H z' A U'). apply Forall2_hd with (a := None) (b := None) in H; [|exact I].
        destruct H as [w [E M]]. inversion E; subst. exact M. }
      exists t. split; auto. intros z' A U'. exists u. split; auto. }
    destruct N as [t [T N]].
    destruct (IH (S k) (assign k t z) vs') as [z1 [U1 [A1 R1]]].
    { now apply assign_unit. }
    { intros z' A U'. assert (Az : agree k z z')
        by (eapply agree_trans; [apply assign_agree|exact A|lia]).
      specialize (H z' Az U'). now inversion H. }
    exists z1. split; [exact U1|]. split; [eapply agree_trans; [apply assign_agree|exact A1|lia]|].
    intros z' A U'. simpl length in A. replace (k + S (length v))%nat with (S k + length v)%nat in A by lia.
    pose proof (R1 z' A U') as R'.
    assert (Nz : models_scalar z' (match m with Some m => Some (named k m) | None => None end) a).
    { apply N; auto. eapply agree_trans; [exact A1|exact A|lia]. }
    destruct m as [m|]; simpl name_all; constructor; auto.
Qed.

Definition compiled (p : list (bool * bool * bool * node Q)) : list stage :=
  map (fun bn => let '(a, b, c, n) := bn in Stage a b c (compile n)) p.

Lemma positive_lower l v : lower l v -> is_lt 0 l = true -> 0 < v.
Proof. intros L H. rewrite <- toR_0. eapply lt_finite; eauto. Qed.
Lemma nonnegative_lower l v : lower l v -> is_le 0 l = true -> 0 <= v.
Proof. intros L H. rewrite <- toR_0. eapply le_finite; eauto. Qed.
Lemma sharper_ok z test p v : (forall i, in_unit (z i)) -> describes z p v ->
  sharper test p = true -> exists l, lower l v /\ test l = true.
Proof.
  intros Z D. unfold sharper. destruct (squares p); [discriminate|]. intros H.
  exists (poly_least p). split; auto. now apply (poly_least_ok z Z).
Qed.
Lemma above_zero_ok degree z m v : (forall i, in_unit (z i)) -> models z m v ->
  above_zero degree m = true -> 0 < v.
Proof.
  intros Z M H. unfold above_zero in H. apply orb_prop in H; destruct H as [H|H].
  { eapply positive_ok; eauto. apply M. }
  pose proof (tight_ok degree z Z m v M) as [T1 T2]. cbv zeta in H. apply orb_prop in H; destruct H as [H|H].
  { eapply positive_ok; eauto. }
  destruct (sharper_ok z _ _ _ Z T2 H) as [l [L E]]. eapply positive_lower; eauto.
Qed.
Lemma not_below_zero_ok degree z m v : (forall i, in_unit (z i)) -> models z m v ->
  not_below_zero degree m = true -> 0 <= v.
Proof.
  intros Z M H. unfold not_below_zero in H. apply orb_prop in H; destruct H as [H|H].
  { eapply nonnegative_ok; eauto. apply M. }
  pose proof (tight_ok degree z Z m v M) as [T1 T2]. cbv zeta in H. apply orb_prop in H; destruct H as [H|H].
  { eapply nonnegative_ok; eauto. }
  destruct (sharper_ok z _ _ _ Z T2 H) as [l [L E]]. eapply nonnegative_lower; eauto.
Qed.

Lemma atom_ok z r e es l j (test : model -> bool) : length l = r -> Forall2 (describes_row z) e es ->
  Nat.leb r j && match nth (j - r) e [] with [Some m] => test m | _ => false end = true ->
  exists v m, nth j (l ++ es) [] = [Some v] /\ models z m v /\ test m = true.
Proof.
  intros L E H. apply andb_prop in H; destruct H as [H1 H].
  apply Nat.leb_le in H1. rewrite app_nth2 by lia. rewrite L.
  pose proof (Forall2_nth (describes_row z) [] [] (Forall2_nil _) (j - r) _ _ E) as M.
  destruct M as [|m a t t' Ma M]; [discriminate|]. destruct m as [m|]; [|discriminate].
  destruct M; [|discriminate]. destruct Ma as [v [-> Ma]]. eauto.
Qed.
Lemma proved_ok degree z r e es l f : (forall i, in_unit (z i)) -> length l = r ->
  Forall2 (describes_row z) e es -> proved degree r e f = true -> truth (l ++ es) f.
Proof.
  intros Z L E. induction f; simpl; intros H.
  - destruct (atom_ok _ _ _ _ _ _ _ L E H) as (v & m & N & M & T).
    exists v. split; auto. eapply above_zero_ok; eauto.
  - destruct (atom_ok _ _ _ _ _ _ _ L E H) as (v & m & N & M & T).
    exists v. split; auto. eapply not_below_zero_ok; eauto.
  - destruct (atom_ok _ _ _ _ _ _ (fun _ => true) L E H) as (v & m & N & M & T). eauto.
  - apply andb_prop in H; destruct H. auto.
  - apply orb_prop in H; destruct H; auto.
Qed.

(** [z] is where a list of intervals says. *)
Definition inside (z : nat -> R) (l : list interval) : Prop :=
  forall j i, nth_error l j = Some i -> contains i (z j).
Lemma inside_nil z : inside z []. Proof. intros [|j] i H; discriminate. Qed.
Lemma meets_ok z a : forall b, inside z a -> inside z b -> inside z (meets a b).
Proof.
  revert z. induction a as [|i a IH]; intros z b A B; simpl; auto. destruct b as [|j b]; auto.
  intros [|n] y H; simpl in H.
  - inversion H; subst. apply meet_ok; [apply (A O)|apply (B O)]; reflexivity.
  - apply (IH (fun n => z (S n)) b) with (j := n); auto.
    + intros q w Q. apply (A (S q)); auto.
    + intros q w Q. apply (B (S q)); auto.
Qed.
Lemma confined_ok n z r e es l f : (forall i, in_unit (z i)) -> length l = r ->
  Forall2 (describes_row z) e es -> truth (l ++ es) f \/ inside z (confined n r e f).
Proof.
  intros Z L E.
  assert (A : forall k, let c := (if Nat.leb r k then
      match nth (k - r) e [] with [Some m] => poly_cuts n (body m) | _ => [] end else []) in
    (exists v, nth k (l ++ es) [] = [Some v] /\ 0 < v) \/ inside z c).
  { intros k. cbv zeta. destruct (Nat.leb_spec r k) as [H1|H1]; [|right; apply inside_nil].
    rewrite app_nth2 by lia. rewrite L.
    pose proof (Forall2_nth (describes_row z) [] [] (Forall2_nil _) (k - r) _ _ E) as M.
    destruct M as [|m a t t' Ma M]; [right; apply inside_nil|].
    destruct m as [m|]; [|right; apply inside_nil].
    destruct M; [|right; apply inside_nil]. destruct Ma as [v [-> Ma]].
    destruct (Rlt_dec 0 v) as [P|P]; [left; eauto|right].
    intros j i. apply (poly_cuts_ok z Z n _ v); [apply Ma|lra]. }
  induction f; simpl; try (right; apply inside_nil).
  - apply A.
  - destruct (A k) as [[v [N P]]|C]; auto. left. exists v. split; auto. lra.
  - destruct IHf1 as [T|C1]; auto. destruct IHf2 as [T|C2]; auto. right. now apply meets_ok.
Qed.

Lemma cuts_length n : forall s l, (length (Quadratics.cuts n s l) <= n)%nat.
Proof. induction n; intros s [|p l]; simpl; try lia. specialize (IHn (add_down s (Quadratics.least_of p)) l). lia. Qed.
Lemma poly_cuts_length n p : (length (poly_cuts n p) <= n)%nat.
Proof. unfold poly_cuts. destruct coordinates_of; [apply cuts_length|simpl; lia]. Qed.
Lemma meets_length n a : forall b, (length a <= n -> length b <= n -> length (meets a b) <= n)%nat.
Proof.
  revert n. induction a as [|i a IH]; intros n [|j b] A B; simpl in *; auto.
  destruct n; [lia|]. specialize (IH n b). lia.
Qed.
Lemma confined_length n r e f : (length (confined n r e f) <= n)%nat.
Proof.
  induction f; simpl; try lia.
  - destruct Nat.leb; simpl; try lia. destruct (nth _ e []) as [|[m|] [|]]; simpl; try lia.
    apply poly_cuts_length.
  - destruct Nat.leb; simpl; try lia. destruct (nth _ e []) as [|[m|] [|]]; simpl; try lia.
    apply poly_cuts_length.
  - now apply meets_length.
Qed.
Lemma inside_agree n z z' l : (length l <= n)%nat -> agree n z z' -> inside z' l -> inside z l.
Proof.
  intros L A I j i H. rewrite <- (A j); auto.
  assert (j < length l)%nat by (apply nth_error_Some; congruence). lia.
Qed.

Lemma run_onto x t p : forall e, exists l, length l = length p /\ run x t p e = l ++ e.
Proof.
  induction p as [|c p IH]; intros e; simpl; [exists []; auto|].
  destruct (IH (evaluate x (t (length e)) e c :: e)) as [l [L E]].
  exists (l ++ [evaluate x (t (length e)) e c]). rewrite app_length, E, <- app_assoc. simpl.
  split; [lia|reflexivity].
Qed.

(** What an answer says at the point with the coordinates [z]. *)
Definition right_answer (z : nat -> R) (a : answer) (goal : Prop) : Prop :=
  match a with Proved => goal | Open l => goal \/ inside z l end.

Lemma decide_length n degree narrowing x f p : forall k e l,
  decide n degree narrowing x k p e f = Open l -> (length l <= n)%nat.
Proof.
  induction p as [|s p IH]; intros k e l D; cbn [decide] in D; cbv zeta in D.
  - destruct proved; [discriminate|]. inversion D; subst.
    destruct narrowing; [apply confined_length|simpl; lia].
  - destruct (trying s); [|now apply IH in D]. destruct proved; [discriminate|].
    destruct worth; [|now apply IH in D]. inversion D; subst.
    destruct narrowing; [apply confined_length|simpl; lia].
Qed.

Theorem decide_ok n degree narrowing xs t x f p : proper t -> forall z k e es,
  (n <= k)%nat -> (forall i, in_unit (z i)) ->
  (forall z', agree k z z' -> (forall i, in_unit (z' i)) -> Forall2 (models z') x xs) ->
  (forall z', agree k z z' -> (forall i, in_unit (z' i)) -> Forall2 (describes_row z') e es) ->
  right_answer z (decide n degree narrowing x k (compiled p) e f) (truth (run xs t (map snd p) es) f).
Proof.
  intros T. induction p as [|[[[b try] bd] c] p IH]; intros z k e es Nk Z X E.
  { simpl. pose proof (E z (fun i _ => eq_refl) Z) as E0. destruct (proved degree 0 e f) eqn:P; simpl.
    - apply (proved_ok degree z 0 e es [] f); auto.
    - destruct narrowing; [|right; apply inside_nil]. apply (confined_ok n z 0 e es []); auto. }
  pose proof (X z (fun i _ => eq_refl) Z) as X0. pose proof (E z (fun i _ => eq_refl) Z) as E0.
  assert (L : length e = length es) by (clear - E0; induction E0; simpl; auto).
  change (compiled ((b, try, bd, c) :: p)) with (Stage b try bd (compile c) :: compiled p).
  cbn [map snd decide naming trying bending what run].
  set (dg := match degree with 1%nat => if bd then 2%nat else 1%nat | d => d end).
  set (v := evaluate_models dg x e (compile c)). set (vs := evaluate xs (t (length es)) es c).
  assert (V : forall z', agree k z z' -> (forall i, in_unit (z' i)) -> describes_row z' v vs).
  { intros z' A Z'. apply (evaluate_ok dg z' x xs (t (length es)) e es c Z' (T _)); auto. }
  assert (N : exists z1, (forall i, in_unit (z1 i)) /\ agree k z z1 /\
    forall z', agree (if b then k + length v else k) z1 z' -> (forall i, in_unit (z' i)) ->
      describes_row z' (if b then name_all k v else v) vs).
  { destruct b; [now apply name_all_ok|]. exists z. split; auto. split; auto. intros i _. reflexivity. }
  destruct N as [z1 [Z1 [A1 R1]]].
  set (k' := if b then (k + length v)%nat else k) in *.
  assert (K : (k <= k')%nat) by (unfold k'; destruct b; lia).
  set (e' := (if b then name_all k v else v) :: e).
  assert (E' : forall z', agree k' z1 z' -> (forall i, in_unit (z' i)) ->
    Forall2 (describes_row z') e' (vs :: es)).
  { intros z' A Z'. constructor; auto. apply E; auto. eapply agree_trans; eauto. }
  assert (An : agree n z z1) by (intros i I; apply A1; lia).
  assert (Next : right_answer z (decide n degree narrowing x k' (compiled p) e' f)
      (truth (run xs t (map snd p) (vs :: es)) f)).
  { assert (Q : right_answer z1 (decide n degree narrowing x k' (compiled p) e' f)
        (truth (run xs t (map snd p) (vs :: es)) f)).
    { apply IH; auto; [lia|]. intros z' A Z'. apply X; auto. eapply agree_trans; eauto. }
    destruct (decide _ _ _ _ _ _ _ _) as [|left] eqn:D; simpl in *; auto.
    destruct Q as [Q|Q]; auto. right. apply (inside_agree n z z1); auto.
    eapply decide_length; eauto. }
  destruct try; auto.
  pose proof (E' z1 (fun i _ => eq_refl) Z1) as E1.
  destruct (run_onto xs t (map snd p) (vs :: es)) as [l [Ll Lr]]. rewrite map_length in Ll.
  assert (Lp : length (compiled p) = length p) by (unfold compiled; now rewrite map_length).
  destruct (proved degree _ e' f) eqn:P.
  { simpl. rewrite Lr. apply (proved_ok degree z1 (length (compiled p)) e' (vs :: es) l f); auto. now rewrite Lp. }
  destruct (worth _) eqn:W; auto. simpl. rewrite Lr.
  destruct narrowing; [|right; apply inside_nil].
  destruct (confined_ok n z1 (length (compiled p)) e' (vs :: es) l f Z1) as [Q|Q]; auto; [now rewrite Lp|].
  right. apply (inside_agree n z z1); auto. apply confined_length.
Qed.
End Soundness.

(** ** Variables *)

(** [x_i = m_i + r_i z_i] with the middles and radii of the intervals. *)
Fixpoint placed (z : nat -> R) (k : nat) (b : list interval) (x : list R) : Prop :=
  match b, x with
  | i :: b, y :: x =>
    match centred i with Some (m, r) => y = toR m + toR r * z k | None => True end /\
    placed z (S k) b x
  | _, _ => True
  end.
Lemma placed_assign b : forall z k j t x, (j < k)%nat -> placed z k b x -> placed (assign j t z) k b x.
Proof.
  induction b as [|i b IH]; intros z k j t [|y x] L P; simpl in *; auto. destruct P as [P Q].
  split; [|apply IH; auto; lia]. destruct (centred i) as [[m r]|]; auto.
  unfold assign. destruct (Nat.eqb_spec k j); [lia|auto].
Qed.
Lemma placed_exists b : forall k x, Forall2 contains b x ->
  exists z, (forall i, in_unit (z i)) /\ placed z k b x.
Proof.
  induction b as [|i b IH]; intros k x H; inversion H as [|? y ? x' C H']; subst.
  - exists (fun _ => 0). split; [unfold in_unit; intros; lra|exact I].
  - destruct (IH (S k) x' H') as [z [Z P]].
    destruct (centred i) as [[m r]|] eqn:E.
    + destruct (centred_ok i m r y E C) as [_ [_ [t [T Eq]]]].
      exists (assign k t z). split; [now apply assign_unit|]. simpl. rewrite E. split.
      * unfold assign. now rewrite Nat.eqb_refl.
      * apply placed_assign; auto.
    + exists z. split; auto. simpl. rewrite E. auto.
Qed.
Lemma variables_ok degree z b : (forall i, in_unit (z i)) -> forall k x v, Forall2 contains b x ->
  placed z k b x -> variables degree k b = Some v -> Forall2 (models z) v x.
Proof.
  intros Z. induction b as [|i b IH]; intros k x v H P V; inversion H as [|? y ? x' C H']; subst; simpl in *.
  - inversion V. constructor.
  - destruct (variables degree (S k) b) as [l|] eqn:E; [|discriminate]. destruct P as [P Q].
    pose proof (IH _ _ _ H' Q E) as M. destruct degree.
    + inversion V; subst. constructor; auto. now apply plain_ok.
    + destruct (centred i) as [[m r]|] eqn:Ei; [|discriminate]. inversion V; subst. constructor; auto.
      destruct (centred_ok i m r _ Ei C) as [Fm _]. split; [exact C|].
      apply made_ok. intros _ _. exists (toR m). split; [now apply point_ok|].
      rewrite with_last_ok by reflexivity. simpl. ring.
Qed.

(** The part of a box where the variables [z] are in the intervals of a list. *)
Fixpoint narrowed (b cs : list interval) : list interval :=
  match b, cs with
  | i :: b, c :: cs =>
    match centred i with
    | Some (m, r) => meet i (add (point m) (mul (point r) c))
    | None => i
    end :: narrowed b cs
  | b, _ => b
  end.
Lemma narrowed_ok b : forall z k cs x, Forall2 contains b x -> placed z k b x ->
  inside (fun j => z (k + j)%nat) cs -> Forall2 contains (narrowed b cs) x.
Proof.
  induction b as [|i b IH]; intros z k cs x H P I; inversion H as [|? y ? x' C H']; subst; simpl; auto.
  destruct cs as [|c cs]; auto. destruct P as [P Q]. constructor.
  - destruct (centred i) as [[m r]|] eqn:E; auto. destruct (centred_ok i m r y E C) as [Fm [Fr _]].
    apply meet_ok; auto. rewrite P. apply add_ok; [now apply point_ok|]. apply mul_ok; [now apply point_ok|].
    specialize (I 0%nat c eq_refl). simpl in I. now rewrite Nat.add_0_r in I.
  - apply (IH z (S k)); auto. intros j w J. specialize (I (S j) w J). simpl in I.
    now rewrite Nat.add_succ_r in I.
Qed.
