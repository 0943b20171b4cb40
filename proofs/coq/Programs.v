(** Programs over models: what is known of every vector that a program computes. *)
From Coq Require Import Reals QArith Qreals List Lra Lia Psatz Bool Floats Arith.
From Certify Require Import Language Analysis Intervals Arithmetic Bounds Rounding Elementary Vectors Forms.
From Certify Require Import Polynomials Products Models Operations Names Rationals.
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

(** What was computed so far, newest first, with a second way back from each place, so that a number
    far back is found in a logarithm of the steps (E. Myers, An applicative random-access stack, 1983).
    [far] is what was there [gap] numbers before. *)
Inductive env := Nothing | Bind (v : row) (gap : nat) (far rest : env).
Fixpoint get (k : nat) (e : env) : row :=
  match e with
  | Nothing => []
  | Bind v gap far rest =>
    if Nat.eqb k 0 then v else if Nat.leb gap k then get (k - gap) far else get (k - 1) rest
  end.
Definition bind (v : row) (e : env) : env :=
  match e with
  | Bind _ d (Bind _ d' far _) _ => if Nat.eqb d d' then Bind v (S (d + d')) far e else Bind v 1 e e
  | _ => Bind v 1 e e
  end.
Definition on1 (f : model -> option model) (a : option model) : option model :=
  match a with Some x => f x | None => None end.
Definition on2 (f : model -> model -> option model) (a b : option model) : option model :=
  match a, b with Some x, Some y => f x y | _, _ => None end.

Section Rules.
Variable degree : nat.

Definition select_model (a b c : option model) : option model :=
  on1 (fun m =>
    if positive (range m) then b else if nonpositive (range m) then c
    else on2 (fun x y =>
      Some (plain (hull (range x) (range y)))) b c) a.

Definition evaluate_models (x : list model) (e : env) (p : node interval) : row :=
  let arg k := get k e in
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
  | Step a => map (on1 (fun m => Some (plain (step_range (range m))))) (arg a)
  | Select a b c => [select_model (first a) (first b) (first c)]
  | Quotient g a b => zip (on2 (quotient_model g)) (arg a) (arg b)
  | Quotient2 g a b => zip (on2 (quotient2_model g)) (arg a) (arg b)
  | Increment g a b => zip (on2 (increment_model degree g)) (arg a) (arg b)
  | Stack l => map first l
  | Index a i => [nth i (arg a) None]
  | Affine rows a => matrix_model degree rows (arg a)
  end.

(** The same in degree 1 for a product that keeps its squares; what reads it needs no range of them. *)
Definition bent_product (a b : model) : model :=
  Model (product 2 (body a) (body b)) (signed_mul (range a) (range b)).
Definition bent_square (a : model) : model := Model (square 2 (body a)) (sqr (range a)).
Definition evaluate_bent (x : list model) (e : env) (p : node interval) : row :=
  let arg k := get k e in
  match p with
  | Mul a b =>
    if Nat.eqb a b then map (on1 (fun m => Some (bent_square m))) (arg a)
    else zip (on2 (fun u v => Some (bent_product u v))) (arg a) (arg b)
  | Call (Pow 2) a => map (on1 (fun m => Some (bent_square m))) (arg a)
  | _ => evaluate_models x e p
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
Lemma Forall2_combine {A B} (P : A -> B -> Prop) l m : Forall2 P l m -> forall l' m',
  Forall2 P l' m' ->
  Forall2 (fun a b => P (fst a) (fst b) /\ P (snd a) (snd b)) (combine l l') (combine m m').
Proof. induction 1; intros l2 m2 F; simpl; auto. destruct F; constructor; auto. Qed.

Lemma run_onto x t p : forall e, exists l, length l = length p /\ run x t p e = l ++ e.
Proof.
  induction p as [|c p IH]; intros e; simpl; [exists []; auto|].
  destruct (IH (evaluate x (t (length e)) e c :: e)) as [l [L E]].
  exists (l ++ [evaluate x (t (length e)) e c]). rewrite app_length, E, <- app_assoc. simpl.
  split; [lia|reflexivity].
Qed.

Section Soundness.
Definition describes_row z : row -> vector -> Prop := Forall2 (models_scalar z).
Inductive describes_env z : env -> list vector -> Prop :=
| described_nothing : describes_env z Nothing []
| described_bind v d far rest w es : describes_row z v w -> describes_env z rest es -> (0 < d)%nat ->
  describes_env z far (skipn d (w :: es)) -> describes_env z (Bind v d far rest) (w :: es).
Lemma nth_skipn {A} (x : A) d : forall l k, nth k (skipn d l) x = nth (d + k) l x.
Proof. induction d; intros [|a l] k; simpl; auto. now destruct k. Qed.
Lemma skipn_twice {A} d d' : forall l : list A, skipn d' (skipn d l) = skipn (d + d') l.
Proof. induction d; intros [|a l]; simpl; auto. now rewrite skipn_nil. Qed.
Lemma get_ok z e es : describes_env z e es -> forall k, describes_row z (get k e) (nth k es []).
Proof.
  induction 1 as [|v d far rest w es V R IHr D F IHf]; intros k; simpl.
  - destruct k; constructor.
  - destruct k as [|j]; auto. destruct (Nat.leb_spec d (S j)) as [L|L]; [|replace (S j - 1)%nat with j by lia; apply IHr].
    specialize (IHf (S j - d)%nat). rewrite nth_skipn in IHf.
    replace (d + (S j - d))%nat with (S j) in IHf by lia. exact IHf.
Qed.
Lemma bind_ok z v e w es : describes_row z v w -> describes_env z e es -> describes_env z (bind v e) (w :: es).
Proof.
  intros V E. assert (Here : describes_env z (Bind v 1 e e) (w :: es)) by (constructor; auto).
  unfold bind. destruct e as [|v1 d [|v2 d' far' rest'] rest]; auto.
  destruct (Nat.eqb_spec d d') as [->|N]; auto. constructor; auto; [lia|]. simpl.
  inversion E as [|? ? ? ? w1 es1 _ _ _ F]; subst. inversion F as [|? ? ? ? w2 es2 _ _ _ F' Ef Es]; subst.
  now rewrite Es, skipn_twice in F'.
Qed.

Lemma select_model_ok z a b c u v w : models_scalar z a u ->
  models_scalar z b v -> models_scalar z c w ->
  (forall i, in_unit (z i)) -> models_scalar z (select_model a b c) (select u v w).
Proof.
  intros A B C Z. destruct a as [m0|]; simpl; auto. destruct A as [x [-> A0]]. simpl.
  rename A0 into A. rename m0 into m.
  destruct (positive (range m)) eqn:P.
  { pose proof (positive_ok _ _ P (proj1 A)). destruct Rlt_dec; [auto|contradiction]. }
  destruct (nonpositive (range m)) eqn:N.
  { pose proof (nonpositive_ok _ _ N (proj1 A)). destruct Rlt_dec; [lra|auto]. }
  destruct b as [b|], c as [c|]; simpl; auto.
  destruct B as [y [-> B0]], C as [o [-> C0]].
  rename B0 into B. rename C0 into C.
  destruct Rlt_dec; eexists; (split; [reflexivity|]); apply plain_ok;
    [apply hull_left, B|apply hull_right, C].
Qed.

Lemma evaluate_ok degree z x xs t e es p : (forall i, in_unit (z i)) -> (forall i, 0 <= t i <= 1) ->
  Forall2 (models z) x xs -> describes_env z e es ->
  describes_row z (evaluate_models degree x e (compile p)) (evaluate xs t es p).
Proof.
  intros Z T X E.
  assert (arg : forall j, describes_row z (get j e) (nth j es [])) by (intros; now apply get_ok).
  assert (first : forall j, models_scalar z (hd None (get j e)) (hd None (nth j es [])))
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
    describes_row z (map (on1 f) (get j e)) (map (lift1 g) (nth j es []))).
  { intros f g j H. eapply Forall2_map2; [|apply arg]. apply one, H. }
  assert (zips : forall f g i j, (forall m m' u v, models z m u -> models z m' v ->
    models_scalar z (f m m') (g u v)) ->
    describes_row z (zip (on2 f) (get i e) (get j e))
                      (zip (lift2 g) (nth i es []) (nth j es []))).
  { intros f g i j H. unfold zip. eapply Forall2_map2; [|apply Forall2_combine; apply arg].
    intros a b [P Q]. now apply two. }
  assert (zipis : forall f g i j, (forall q m m' u v, models z m u -> models z m' v ->
    models_scalar z (f m m') (g q u v)) ->
    describes_row z (zip (on2 f) (get i e) (get j e))
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
    intros m' v B. destruct B as [B' _].
    apply some, plain_ok. now apply step_range_ok.
  - repeat constructor. apply select_model_ok; auto.
  - apply zipis. intros. now apply quotient_model_ok.
  - apply zipis. intros. now apply quotient2_model_ok.
  - apply zips. intros. now apply increment_model_ok.
  - induction parts; simpl; constructor; auto.
  - repeat constructor. apply Forall2_nth; simpl; auto. apply arg.
  - unfold matrix_model. induction rows as [|r rows IH]; simpl; constructor; auto.
    apply row_model_ok; auto; [|apply arg|apply enclose_ok].
    induction (fst r); simpl; constructor; auto. apply enclose_ok.
Qed.

Lemma evaluate_bent_ok degree z x xs t e es p : (forall i, in_unit (z i)) -> (forall i, 0 <= t i <= 1) ->
  Forall2 (models z) x xs -> describes_env z e es ->
  describes_row z (evaluate_bent degree x e (compile p)) (evaluate xs t es p).
Proof.
  intros Z T X E. pose proof (evaluate_ok degree z x xs t e es p Z T X E) as Same.
  assert (arg : forall j, describes_row z (get j e) (nth j es [])) by (intros; now apply get_ok).
  assert (Sq : forall m u, models z m u -> models z (bent_square m) (u * u)).
  { intros m u [R B]. split; [now apply sqr_ok|now apply (square_ok z Z)]. }
  assert (Squares : forall j f, (forall u, f u = Some (u * u)) ->
    describes_row z (map (on1 (fun m => Some (bent_square m))) (get j e)) (map (lift1 f) (nth j es []))).
  { intros j f F. eapply Forall2_map2; [|apply arg]. intros [m|] a A; simpl; auto.
    destruct A as [v [-> A]]. simpl. rewrite F. eauto. }
  destruct p; try exact Same; simpl.
  - destruct (Nat.eqb_spec a b) as [->|_].
    + assert (Zi : forall v : vector, zip (lift2 (fun x y => Some (x * y))) v v =
        map (lift1 (fun x => Some (x * x))) v).
      { unfold zip. induction v as [|[r|] v IH]; simpl; auto; now rewrite IH. }
      rewrite Zi. now apply Squares.
    + unfold zip. eapply Forall2_map2; [|apply Forall2_combine; apply arg].
      intros [m m'] [v v'] [P Q]. destruct m as [m|], m' as [m'|]; simpl in *; auto.
      destruct P as [w [-> [P1 P2]]], Q as [o [-> [Q1 Q2]]]. simpl. eexists; split; [reflexivity|].
      split; [now apply signed_mul_ok|now apply (product_ok z Z)].
  - destruct g as [| | | | | | | | | |[|[|[|n]]]]; try exact Same. apply Squares.
    intros u. unfold call. destruct (has_value_dec (Pow 2) u) as [|N]; [|exfalso; apply N; exact I].
    simpl. f_equal. ring.
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
